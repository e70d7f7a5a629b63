// POST /v1/completions
#include <fmt/format.h>

#include <span>

#include "api/completion_prompt.h"
#include "api/constraint_fields.h"
#include "api/endpoints.h"
#include "api/engine_request.h"
#include "api/generation.h"
#include "api/logprobs_json.h"
#include "api/pick_model.h"
#include "api/sampling_fields.h"
#include "api/unsupported_fields.h"
#include "base/error.h"
#include "base/json.h"

namespace estoc::api {
namespace {

constexpr int kTokensMaxDefault = 16;  // OpenAI's

class CompletionFormat : public AnswerFormat {
 public:
  CompletionFormat(const AnswerHead& head, const Tokenizer& tokenizer, int logprobs)
      : AnswerFormat(head, "text_completion", "text_completion"), tokenizer_(tokenizer), logprobs_(logprobs) {}

 protected:
  bool append_start_fields(std::string&) const override { return false; }
  void append_piece_fields(std::string& out, const Piece& piece) const override { append_whole_fields(out, piece); }
  void append_end_fields(std::string& out) const override { out += R"("text":"","logprobs":null)"; }
  void append_whole_fields(std::string& out, const Piece& piece) const override {
    out += R"("text":)";
    append_json_string(out, text_of(piece.parts));
    out += R"(,"logprobs":)";
    if (logprobs_ < 0) {
      out += "null";
    } else {
      append_completion_logprobs(out, piece.tokens, tokenizer_, logprobs_);
    }
  }

 private:
  const Tokenizer& tokenizer_;
  int logprobs_;  // -1 none, else how many alternatives
};

const std::vector<UnsupportedField>& unsupported_fields() {
  static const std::vector<UnsupportedField> kFields = {{"suffix", {}}};
  return kFields;
}

// best_of samples more answers than it returns; with as many as `n` it asks for nothing.
void check_best_of(Fields& fields, int choices) {
  const auto best_of = fields.integer("best_of", 1);
  if (best_of && *best_of != choices) {
    throw Error(ErrorCode::unsupported, "best_of: not supported unless it equals n", "best_of");
  }
}

void check_choices(Fields& fields, std::span<const CompletionPrompt> prompts, const GenerationFields& read,
                   bool echoes) {
  if (static_cast<int>(prompts.size()) * read.choices > limits::kAnswerChoicesMax) {
    fields.refuse("n", fmt::format("too many choices: n times the number of prompts may be at most {}",
                                   limits::kAnswerChoicesMax));
  }
  size_t tokens = 0;
  for (const CompletionPrompt& prompt : prompts) tokens += prompt.tokens.size();
  check_answer_size(tokens, read.choices, echoes ? read.sampling.logprobs + 1 : 0);
}

}  // namespace

Answer completions(const Models& models, const Call& call) {
  const Json body = parse_body(call.body, models.text_bytes_max());
  Fields fields(body);
  const ServedModel& model = pick_generator(fields, models);
  check_unsupported(fields, shared_unsupported_fields());
  check_unsupported(fields, unsupported_fields());
  GenerationFields read = read_generation_fields(fields, model, call, 0);
  check_best_of(fields, read.choices);
  read.sampling.logprobs = static_cast<int>(fields.integer("logprobs", 0, limits::kLogprobsMax).value_or(-1));
  if (const auto wanted = read_constraint(fields)) {
    read.constraint = find_constraint(*wanted, model, call);
    if (read.constraint == nullptr) return Elsewhere();
  }
  const bool echoes = fields.boolean("echo").value_or(false);
  const std::vector<CompletionPrompt> prompts = read_completion_prompts(fields, model);
  check_choices(fields, prompts, read, echoes);
  fields.log_unread("/v1/completions");

  read.tokens_max = read.tokens_max.value_or(kTokensMaxDefault);
  std::vector<Request> requests;
  std::vector<Choice> choices;
  for (const CompletionPrompt& prompt : prompts) {
    for (int i = 0; i < read.choices; ++i) {
      requests.push_back(build_request(read, model, prompt.tokens, i));
      if (echoes) requests.back().prompt_logprobs = read.sampling.logprobs;
      ChoiceOptions options = choice_options(read);
      options.continued = prompt.tokens;
      if (echoes) options.echo = prompt.tokens;
      if (echoes) options.echo_text = prompt.text;
      choices.emplace_back(*model.tokenizer, std::move(options));
    }
  }
  const AnswerHead head{"cmpl-" + call.id, call.now,           model.name,
                        model.fingerprint, read.include_usage, read.include_timings};
  return std::make_unique<Generation>(
      model, Generation::Options{read.is_stream, read.choices},
      std::make_unique<CompletionFormat>(head, *model.tokenizer, read.sampling.logprobs), std::move(requests),
      std::move(choices));
}

}  // namespace estoc::api
