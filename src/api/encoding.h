// One answer that an encoder computes, from its job to its JSON.
//
// What: an endpoint builds it; whoever runs it submits take_job() to the model's encoder and gives reply() what became
// of it. Knows no sockets.
// Ownership: the served model must outlive it. Threads: reply from any, one at a time. Errors: reply throws what memory
// that runs out does.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "api/call.h"
#include "api/served_model.h"
#include "encoding/encode_job.h"

namespace estoc::api {

class Encoding {
 public:
  // The body of the answer, from the results [texts][outputs] of the job.
  using Render = std::function<std::string(std::span<const float> results)>;

  Encoding(const ServedModel& model, EncodeJob job, Render render);

  const ServedModel& model() const { return model_; }
  EncodeJob take_job() { return std::move(job_); }  // once
  // How many numbers are rendered: what that takes.
  size_t number_count() const { return number_count_; }

  Reply reply(const EncodeOutcome& outcome) const;

 private:
  const ServedModel& model_;
  EncodeJob job_;
  size_t number_count_;
  Render render_;
};

}  // namespace estoc::api
