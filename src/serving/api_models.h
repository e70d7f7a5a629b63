// The models of a runtime as the endpoints see them.
//
// Ownership: the runtime must outlive it. Threads: immutable, any. Errors: none.
#pragma once

#include <deque>
#include <string>

#include "api/generator.h"
#include "api/served_model.h"
#include "serving/runtime.h"

namespace estoc {

class ApiModels {
 public:
  // `version` is this program's: a part of what answers are fingerprinted with.
  ApiModels(const Runtime& runtime, const std::string& version);
  ApiModels(const ApiModels&) = delete;
  ApiModels& operator=(const ApiModels&) = delete;

  // In the runtime's order.
  const api::Models& list() const { return list_; }

 private:
  std::vector<api::ServedModel> views(const Runtime& runtime, const std::string& version);

  std::deque<api::EngineGenerator> generators_;  // whose places the list knows
  const api::Models list_;
};

}  // namespace estoc
