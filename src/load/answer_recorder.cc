#include "load/answer_recorder.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/json.h"

namespace estoc {
namespace {

constexpr size_t kRefusalBytesMax = 16 << 10;
constexpr size_t kErrorBytesMax = 300;

const std::string* text_in(const Json& object, const char* key) {
  const Json* value = object.find(key);
  return value != nullptr && value->is_string() && !value->as_string().empty() ? &value->as_string() : nullptr;
}

int count_in(const Json& object, const char* key) {
  const Json* value = object.find(key);
  if (value == nullptr || !value->is_int()) return 0;
  const double count = value->as_double();
  return count > 0 ? static_cast<int>(std::min(count, double{std::numeric_limits<int>::max()})) : 0;
}

// The message of an `error` member, which servers write as an object or as plain text.
std::string message_of(const Json& error) {
  if (error.is_string()) return error.as_string();
  const std::string* message = text_in(error, "message");
  return message != nullptr ? *message : to_json(error);
}

std::string refusal_message(const std::string& body) {
  try {
    const Json json = parse_json(body);
    if (const Json* error = json.find("error")) return message_of(*error);
    if (const std::string* message = text_in(json, "message")) return *message;
  } catch (const Error&) {
    // Not JSON: what was said is the message.
  }
  return body;
}

// Whether a chat chunk's delta carries something that the model generated beside plain content.
bool has_other_output(const Json& delta) {
  if (text_in(delta, "reasoning_content") != nullptr || text_in(delta, "reasoning") != nullptr) return true;
  const Json* calls = delta.find("tool_calls");
  return calls != nullptr && calls->is_array() && !calls->as_array().empty();
}

}  // namespace

void AnswerRecorder::on_body(int status, std::string_view bytes, double now_s) {
  if (status != 200) {
    refusal_.append(bytes.substr(0, kRefusalBytesMax - std::min(kRefusalBytesMax, refusal_.size())));
    return;
  }
  if (!events_.feed(bytes, [&](std::string_view data) { on_event(data, now_s); })) {
    set_error("an event of the answer is too large");
  }
}

void AnswerRecorder::on_event(std::string_view data, double now_s) {
  if (is_done_ || !record_.error.empty()) return;
  record_.end_s = now_s;
  if (data == "[DONE]") {
    is_done_ = true;
    return;
  }
  try {
    const Json chunk = parse_json(data);
    if (const Json* error = chunk.find("error"); error != nullptr && !error->is_null()) {
      return set_error(message_of(*error));
    }
    take_choices(chunk, now_s);
    if (const Json* usage = chunk.find("usage"); usage != nullptr && usage->is_object()) take_usage(*usage);
  } catch (const Error& error) {
    set_error(std::string("an event of the answer is broken: ") + error.what());
  }
}

void AnswerRecorder::take_choices(const Json& chunk, double now_s) {
  const Json* choices = chunk.find("choices");
  if (choices == nullptr || !choices->is_array()) return;
  bool has_token = false;
  for (const Json& choice : choices->as_array()) {
    const Json* delta = choice.find("delta");
    const std::string* text = delta != nullptr ? text_in(*delta, "content") : text_in(choice, "text");
    if (text != nullptr) text_ += *text;
    has_token = has_token || text != nullptr || (delta != nullptr && has_other_output(*delta));
    if (text_in(choice, "finish_reason") != nullptr) is_finished_ = true;
  }
  if (has_token) add_token(now_s);
}

void AnswerRecorder::take_usage(const Json& usage) {
  has_usage_ = true;
  record_.prompt_tokens = count_in(usage, "prompt_tokens");
  record_.output_tokens = count_in(usage, "completion_tokens");
  const Json* details = usage.find("prompt_tokens_details");
  if (details != nullptr) record_.cached_tokens = count_in(*details, "cached_tokens");
}

void AnswerRecorder::add_token(double now_s) {
  if (chunks_++ == 0) {
    record_.first_s = now_s;
  } else {
    record_.gaps_s.push_back(now_s - last_token_s_);
  }
  last_token_s_ = now_s;
}

void AnswerRecorder::on_end(int status, const std::string& error, double now_s) {
  record_.status = status;
  if (!is_done_) record_.end_s = now_s;
  if (!has_usage_) record_.output_tokens = chunks_;
  if (is_done_ || !record_.error.empty()) return;
  if (status != 0 && status != 200) {
    const std::string message = refusal_message(refusal_);
    return set_error(message.empty() ? "no reason given" : message);
  }
  if (!error.empty()) return set_error(error);
  if (!is_finished_) set_error("the event stream ended without [DONE]");
}

void AnswerRecorder::set_error(std::string sentence) {
  if (!record_.error.empty()) return;
  if (sentence.size() > kErrorBytesMax) sentence.resize(kErrorBytesMax);
  record_.error = sentence.empty() ? "an error without a message" : std::move(sentence);
}

}  // namespace estoc
