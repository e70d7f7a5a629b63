// What was typed as MODEL, as a place on this machine: the one way from a name to a path for all commands.
//
// A path is taken as it is; any other name is looked up, and fetched where it has to be (hub/hub.h), which is told on
// standard error. Threads: one. Errors: those of hub/hub.h and resolve_model_path.
#pragma once

#include <string>

#include "hub/hub.h"

namespace estoc {

struct NamedModel {
  std::string path;
  std::string name = {};  // what the model is called; empty: its file or folder name
};

NamedModel named_model(const std::string& typed);

// Settings from the environment, with this program's version.
HubSettings hub_settings();

// Fetches a model, whatever is on this machine already, and tells how far it is.
FoundModel pull_told(const HubSettings& settings, const ModelRef& ref);

}  // namespace estoc
