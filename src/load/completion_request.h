// Requests to an OpenAI-compatible server as bytes. Pure functions; any thread; nothing is thrown.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace estoc {

enum class CompletionApi { chat, text };  // /v1/chat/completions or /v1/completions

struct RequestOptions {
  CompletionApi api = CompletionApi::chat;
  std::string model;
  std::string api_key;      // empty: none is sent
  bool ignores_eos = true;  // exactly the turn's output_tokens, for servers that know `ignore_eos`
  double temperature = 0;
  Json extra;              // an object whose members go into every request; null: none
  double timeout_s = 600;  // of one request
};

struct Message {
  std::string role, text;
};

// The JSON of a streaming request. For the text API the messages become one prompt, separated by empty lines.
std::string completion_body(const RequestOptions& options, const std::vector<Message>& messages, int output_tokens);

const char* completion_path(CompletionApi api);

// A whole HTTP request on a connection that is to stay open. An empty body makes it a GET.
std::string http_request(std::string_view host, std::string_view path, std::string_view api_key, std::string_view body);

}  // namespace estoc
