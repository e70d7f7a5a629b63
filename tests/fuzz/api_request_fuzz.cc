// Any bytes as a request body of either generating endpoint: refused with a status and a message of sane size, or
// turned into requests that the engine takes, whose events become valid JSON.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/endpoints.h"
#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/error.h"
#include "base/limits.h"
#include "engine/request_rules.h"

namespace estoc::api {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

const FakeModel& model() {
  static const FakeModel& fake = []() -> const FakeModel& {
    static FakeModel made;
    made.served.context = 2000;
    made.served.text_bytes_max = 3000;
    made.tokenizer.has_bos = true;
    return made;
  }();
  return fake;
}

const Models& models() {
  static const Models list({model().served});
  return list;
}

void check_refusal(const Error& error) {
  const Reply reply = error_reply(error);
  require(reply.status == 400 || reply.status == 404);
  require(reply.body.size() < 8 * (limits::kErrorBytesMax + limits::kErrorParamBytesMax));  // escaped at worst
  require(!parse_json(reply.body).find("error")->find("message")->as_string().empty());
}

void check_requests(const std::vector<Request>& requests) {
  require(!requests.empty() && requests.size() <= static_cast<size_t>(limits::kAnswerChoicesMax));
  EngineConfig config;
  config.context = model().served.context;
  for (const Request& request : requests) validate(request, model().served.info.vocab, config, config.context);
}

// The bytes of the body as output tokens, to each choice in turn.
void check_answer(Generation& generation, size_t choices, std::string_view bytes) {
  std::vector<std::vector<TokenId>> tokens(choices);
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 200); ++i) {
    tokens[i % choices].push_back(static_cast<unsigned char>(bytes[i]));
  }
  std::string out;
  for (size_t i = 0; i < choices; ++i) {
    tokens[i].push_back(FakeTokenizer::kHello);
    for (Event& event : events_of(tokens[i], FinishReason::length)) {
      event.logprobs = Logprobs{-1.0f, 1, {{65, -2.0f}}};
      if (generation.consume(i, std::move(event), out)) break;
    }
  }
  require(generation.is_done() && !generation.failure());
  if (!generation.is_stream()) parse_json(generation.reply().body);
  for (std::string_view rest = out; !rest.empty();) {
    const size_t end = rest.find("\n\n");
    require(rest.starts_with("data: ") && end != std::string_view::npos);
    const std::string_view event = rest.substr(6, end - 6);
    if (event != "[DONE]") parse_json(event);
    rest.remove_prefix(end + 2);
  }
}

// One input: its first byte chooses the endpoint, the rest is the body.
void try_request(std::string_view input) {
  const auto choice = static_cast<unsigned char>(input[0]);
  const std::string_view body = input.substr(1);
  const EndpointHandler endpoint = choice % 2 == 0 ? completions : chat_completions;
  std::unique_ptr<Generation> generation;
  try {
    Call call = call_with(body);
    call.authorization = body.substr(0, choice / 2);
    generation = std::move(std::get<std::unique_ptr<Generation>>(endpoint(models(), call)));
  } catch (const Error& error) {
    return check_refusal(error);
  }
  const std::vector<Request> requests = generation->take_requests();
  check_requests(requests);
  check_answer(*generation, requests.size(), body);
}

}  // namespace
}  // namespace estoc::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) estoc::api::try_request({reinterpret_cast<const char*>(data), size});
  return 0;
}
