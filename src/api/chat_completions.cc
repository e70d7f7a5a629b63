// POST /v1/chat/completions
#include <fmt/format.h>

#include <algorithm>

#include "api/answer_constraint.h"
#include "api/answer_splitter.h"
#include "api/chat_prompt.h"
#include "api/endpoints.h"
#include "api/engine_request.h"
#include "api/generation.h"
#include "api/logprobs_json.h"
#include "api/message_json.h"
#include "api/pick_model.h"
#include "api/sampling_fields.h"
#include "api/tool_fields.h"
#include "api/unsupported_fields.h"
#include "base/json.h"

namespace estoc::api {
namespace {

class ChatFormat : public AnswerFormat {
 public:
  ChatFormat(const AnswerHead& head, const Tokenizer& tokenizer, int logprobs, bool has_reasoning)
      : AnswerFormat(head, "chat.completion", "chat.completion.chunk"),
        tokenizer_(tokenizer),
        logprobs_(logprobs),
        has_reasoning_(has_reasoning) {}

 protected:
  bool append_start_fields(std::string& out) const override {
    out += R"("delta":{"role":"assistant","content":""},"logprobs":null)";
    return true;
  }
  void append_piece_fields(std::string& out, const Piece& piece) const override {
    out += R"("delta":{)";
    append_message_parts(out, piece.parts, false, has_reasoning_);
    out += '}';
    append_logprobs(out, piece);
  }
  void append_end_fields(std::string& out) const override { out += R"("delta":{},"logprobs":null)"; }
  void append_whole_fields(std::string& out, const Piece& piece) const override {
    out += R"("message":{"role":"assistant",)";
    append_message_parts(out, piece.parts, true, has_reasoning_);
    out += R"(,"refusal":null})";
    append_logprobs(out, piece);
  }

 private:
  void append_logprobs(std::string& out, const Piece& piece) const {
    out += R"(,"logprobs":)";
    if (logprobs_ < 0) {
      out += "null";
    } else {
      append_chat_logprobs(out, piece.tokens, tokenizer_, logprobs_);
    }
  }

  const Tokenizer& tokenizer_;
  int logprobs_;  // -1 none, else how many alternatives
  bool has_reasoning_;
};

const std::vector<UnsupportedField>& unsupported_fields() {
  static const std::vector<UnsupportedField> kFields = {
      {"modalities", {Json(Json::Array{"text"})}},
      {"audio", {}},
      {"prediction", {}},
      {"web_search_options", {}},
      {"echo", {}},
      {"best_of", {1}},
      {"suffix", {}},
      {"add_special_tokens", {}},
      {"chat_template", {}},
      {"documents", {}},
  };
  return kFields;
}

// -1 none; 0 the chosen token only; n alternatives.
int read_chat_logprobs(Fields& fields) {
  const bool is_wanted = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, limits::kLogprobsMax);
  if (!is_wanted && top.value_or(0) > 0) fields.refuse("top_logprobs", "needs logprobs to be true");
  return is_wanted ? static_cast<int>(top.value_or(0)) : -1;
}

}  // namespace

Answer chat_completions(const Models& models, const Call& call) {
  const Json body = parse_body(call.body, models.text_bytes_max());
  Fields fields(body);
  const ServedModel& model = pick_generator(fields, models);
  check_unsupported(fields, shared_unsupported_fields());
  check_unsupported(fields, unsupported_fields());
  const ToolRequest tools = read_tool_fields(fields, model);
  const bool has_reasoning = fields.boolean("include_reasoning").value_or(true);
  GenerationFields read = read_generation_fields(fields, model, call, 1);
  if (const auto tokens_max = read_tokens_max(fields, "max_completion_tokens", 1, model)) read.tokens_max = tokens_max;
  read.sampling.logprobs = read_chat_logprobs(fields);
  AnswerRules rules{tools, read_constraint(fields), read_reasoning_limit(fields, model)};
  const ChatPrompt prompt = read_chat_prompt(fields, model, tools.shown);
  rules.begins_in_reasoning = prompt.is_in_reasoning;
  auto constraint = find_answer_constraint(rules, model, call);
  if (!constraint) return Elsewhere();
  read.constraint = std::move(*constraint);
  check_answer_size(prompt.tokens.size(), read.choices);
  fields.log_unread("/v1/chat/completions");

  std::vector<Request> requests;
  std::vector<Choice> choices;
  for (int i = 0; i < read.choices; ++i) {
    requests.push_back(build_request(read, model, prompt.tokens, i));
    ChoiceOptions options = choice_options(read);
    // What keeps to a constraint is all there, a blank in front included.
    if (prompt.continues_message || read.constraint != nullptr) options.continued = prompt.tokens;
    if (reads_marks(model, tools)) options.kept_special = model.mark_tokens;
    choices.emplace_back(*model.tokenizer, std::move(options),
                         make_answer_splitter(model, tools, prompt.is_in_reasoning, fmt::format("{} {}", call.id, i)));
  }
  const AnswerHead head{"chatcmpl-" + call.id, call.now,           model.name,
                        model.fingerprint,     read.include_usage, read.include_timings};
  return std::make_unique<Generation>(
      model, Generation::Options{read.is_stream, read.choices},
      std::make_unique<ChatFormat>(head, *model.tokenizer, read.sampling.logprobs, has_reasoning), std::move(requests),
      std::move(choices));
}

}  // namespace estoc::api
