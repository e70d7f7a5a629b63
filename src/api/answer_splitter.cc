#include "api/answer_splitter.h"

namespace estoc::api {

bool reads_marks(const ServedModel& model, const ToolRequest& tools) {
  const auto& [calls, reasoning] = model.dialect;
  return reasoning != nullptr || (calls != nullptr && (tools.may_call() || calls->own_reasoning != nullptr));
}

std::unique_ptr<PartSplitter> make_answer_splitter(const ServedModel& model, const ToolRequest& tools,
                                                   bool begins_in_reasoning, std::string id_seed) {
  const auto& [calls, reasoning] = model.dialect;
  std::unique_ptr<PartSplitter> splitter;
  if (calls != nullptr && (tools.may_call() || calls->own_reasoning != nullptr)) {
    splitter = calls->make_splitter({tools.tools, std::move(id_seed)});
  } else {
    splitter = make_content_splitter();
  }
  if (reasoning == nullptr) return splitter;
  return make_reasoning_splitter(*reasoning, begins_in_reasoning, std::move(splitter));
}

}  // namespace estoc::api
