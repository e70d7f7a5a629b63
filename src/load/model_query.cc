#include "load/model_query.h"

#include <future>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "http/client.h"
#include "load/completion_request.h"

namespace estoc {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr size_t kBodyBytesMax = 1 << 20;

struct WholeAnswer {
  int status = 0;
  std::string body, error;
};

class WholeAnswerSink final : public http::AnswerSink {
 public:
  std::future<WholeAnswer> answer() { return promise_.get_future(); }
  void on_body(int, std::string_view bytes, Clock::time_point) override {
    if (answer_.body.size() < kBodyBytesMax) answer_.body += bytes;
  }
  void on_end(int status, double, const std::string& error, Clock::time_point) override {
    answer_.status = status;
    answer_.error = error;
    promise_.set_value(std::move(answer_));
  }

 private:
  WholeAnswer answer_;
  std::promise<WholeAnswer> promise_;
};

WholeAnswer get(const Target& target, const std::string& path, const std::string& api_key) {
  http::EventLoop loop;
  http::Client client(loop, target.server);
  const auto sink = std::make_shared<WholeAnswerSink>();
  std::future<WholeAnswer> answer = sink->answer();
  loop.start(http::LoopPriority::normal);
  loop.post([&] {
    client.send(http_request(target.server.authority(), target.prefix + path, api_key, {}), sink,
                http::AnswerSink::Clock::now() + kPatience);
  });
  WholeAnswer whole = answer.get();
  std::promise<void> closed;
  loop.post([&] {
    client.close();
    closed.set_value();
  });
  closed.get_future().wait();
  loop.stop();
  return whole;
}

}  // namespace

std::string first_model(const Target& target, const std::string& api_key) {
  const WholeAnswer answer = get(target, "/v1/models", api_key);
  if (!answer.error.empty()) fail(ErrorCode::io, "{}: GET /v1/models: {}", target.name, answer.error);
  if (answer.status != 200) {
    fail(ErrorCode::io, "{}: GET /v1/models: status {}; --model names the model instead", target.name, answer.status);
  }
  try {
    const Json json = parse_json(answer.body);
    const Json* data = json.find("data");
    if (data != nullptr && data->is_array() && !data->as_array().empty()) {
      if (const Json* id = data->as_array().front().find("id")) return id->as_string();
    }
  } catch (const Error&) {
    // Told below.
  }
  fail(ErrorCode::not_found, "{}: GET /v1/models names no model; expected --model", target.name);
}

}  // namespace estoc
