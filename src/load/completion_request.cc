#include "load/completion_request.h"

#include <fmt/format.h>

namespace estoc {

std::string completion_body(const RequestOptions& options, const std::vector<Message>& messages, int output_tokens) {
  Json body(Json::Object{{"model", options.model}});
  if (options.api == CompletionApi::chat) {
    Json::Array list;
    for (const Message& message : messages) {
      list.push_back(Json::Object{{"role", message.role}, {"content", message.text}});
    }
    body.set("messages", std::move(list));
  } else {
    std::string prompt;
    for (const Message& message : messages) {
      if (!prompt.empty()) prompt += "\n\n";
      prompt += message.text;
    }
    body.set("prompt", std::move(prompt));
  }
  body.set("max_tokens", output_tokens);
  body.set("temperature", options.temperature);
  if (options.ignores_eos) body.set("ignore_eos", true);
  body.set("stream", true);
  body.set("stream_options", Json::Object{{"include_usage", true}});
  if (options.extra.is_object()) {
    for (const auto& [key, value] : options.extra.as_object()) body.set(key, value);
  }
  return to_json(body);
}

const char* completion_path(CompletionApi api) {
  return api == CompletionApi::chat ? "/v1/chat/completions" : "/v1/completions";
}

std::string http_request(std::string_view host, std::string_view path, std::string_view api_key,
                         std::string_view body) {
  std::string head = fmt::format("{} {} HTTP/1.1\r\nhost: {}\r\nuser-agent: estoc-bench\r\naccept: */*\r\n",
                                 body.empty() ? "GET" : "POST", path, host);
  if (!api_key.empty()) head += fmt::format("authorization: Bearer {}\r\n", api_key);
  if (!body.empty()) head += fmt::format("content-type: application/json\r\ncontent-length: {}\r\n", body.size());
  head += "\r\n";
  head += body;
  return head;
}

}  // namespace estoc
