// The models of one process, side by side on one machine: what serve, run, benchmarks and bindings are built on.
//
// What: models that generate and encoders, each by what its checkpoint is. Each has an engine and a team of threads of
// its own; the runtime divides CPUs and memory between them (serving/machine_share.h). Every checkpoint is opened and
// planned before the first is loaded, so that what is wrong with the last is told at once. Ownership: owns the models.
// Threads: made and destroyed by one thread. Errors: the constructor throws Error with one sentence.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serving/served.h"
#include "serving/served_encoder.h"

namespace estoc {

struct RuntimeSettings {
  int threads = 0;  // of all models together; 0: default_thread_count()
  Pinning pinning = Pinning::none;
};

// Told while the models are loaded, one after the other, by their names.
using RuntimeProgress = std::function<void(const std::string& name, uint64_t done, uint64_t total)>;

class Runtime {
 public:
  // At least one model; no two of one name. `progress` may be empty.
  Runtime(const RuntimeSettings& settings, const std::vector<ModelSettings>& models, const RuntimeProgress& progress);

  // Those that generate, in the order of the settings.
  const std::vector<std::unique_ptr<Served>>& models() const { return models_; }
  // The first of them. Throws Error{unsupported} when all are encoders.
  Served& first() const;
  const std::vector<std::unique_ptr<ServedEncoder>>& encoders() const { return encoders_; }
  // The names of all, in the order of the settings.
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Served>> models_;
  std::vector<std::unique_ptr<ServedEncoder>> encoders_;
};

// The settings', or what suits the machine.
int thread_count(const RuntimeSettings& settings);

}  // namespace estoc
