#include "api/logprobs_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "base/json.h"
#include "base/utf8.h"

namespace estoc::api {
namespace {

// JSON has no infinities; OpenAI's own floor for an impossible token is -9999.
void append_logprob(std::string& out, float logprob) {
  fmt::format_to(std::back_inserter(out), "{}", std::isfinite(logprob) ? logprob : -9999.0f);
}

std::span<const TokenLogprob> likeliest(const Logprobs& logprobs, int top_count) {
  const size_t count = std::min(logprobs.top.size(), static_cast<size_t>(std::max(0, top_count)));
  return std::span(logprobs.top).first(count);
}

// The shared fields of an entry, without its braces.
void append_chat_token(std::string& out, std::string_view bytes, float logprob) {
  out += R"("token":)";
  append_json_string(out, bytes);
  out += R"(,"logprob":)";
  append_logprob(out, logprob);
  out += R"(,"bytes":[)";
  for (size_t i = 0; i < bytes.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{}", i == 0 ? "" : ",", static_cast<unsigned char>(bytes[i]));
  }
  out += ']';
}

void append_completion_token(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) return append_json_string(out, bytes);
  std::string spelled = "bytes:";
  for (const char byte : bytes) spelled += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  append_json_string(out, spelled);
}

void append_top_map(std::string& out, const TokenRecord& record, const Tokenizer& tokenizer, int top_count) {
  if (!record.logprobs) {
    out += "null";
    return;
  }
  out += '{';
  bool has_chosen = false;
  for (const TokenLogprob& top : likeliest(*record.logprobs, top_count)) {
    if (out.back() != '{') out += ',';
    append_completion_token(out, tokenizer.token_bytes(top.token));
    out += ':';
    append_logprob(out, top.logprob);
    has_chosen = has_chosen || top.token == record.token;
  }
  if (!has_chosen) {
    if (out.back() != '{') out += ',';
    append_completion_token(out, tokenizer.token_bytes(record.token));
    out += ':';
    append_logprob(out, record.logprobs->chosen);
  }
  out += '}';
}

// "name":[item,item]
void append_list(std::string& out, std::string_view name, const std::vector<TokenRecord>& tokens,
                 const auto& append_item) {
  fmt::format_to(std::back_inserter(out), R"("{}":[)", name);
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) out += ',';
    append_item(tokens[i]);
  }
  out += ']';
}

}  // namespace

void append_chat_logprobs(std::string& out, const std::vector<TokenRecord>& tokens, const Tokenizer& tokenizer,
                          int top_count) {
  out += '{';
  append_list(out, "content", tokens, [&](const TokenRecord& record) {
    static const Logprobs kNone;
    const Logprobs& logprobs = record.logprobs ? *record.logprobs : kNone;
    out += '{';
    append_chat_token(out, tokenizer.token_bytes(record.token), logprobs.chosen);
    out += R"(,"top_logprobs":[)";
    for (const TokenLogprob& top : likeliest(logprobs, top_count)) {
      if (out.back() != '[') out += ',';
      out += '{';
      append_chat_token(out, tokenizer.token_bytes(top.token), top.logprob);
      out += '}';
    }
    out += "]}";
  });
  out += R"(,"refusal":null})";
}

void append_completion_logprobs(std::string& out, const std::vector<TokenRecord>& tokens, const Tokenizer& tokenizer,
                                int top_count) {
  out += '{';
  append_list(out, "tokens", tokens,
              [&](const TokenRecord& record) { append_completion_token(out, tokenizer.token_bytes(record.token)); });
  out += ',';
  append_list(out, "token_logprobs", tokens, [&](const TokenRecord& record) {
    if (record.logprobs) {
      append_logprob(out, record.logprobs->chosen);
    } else {
      out += "null";
    }
  });
  out += ',';
  append_list(out, "top_logprobs", tokens,
              [&](const TokenRecord& record) { append_top_map(out, record, tokenizer, top_count); });
  out += ',';
  append_list(out, "text_offset", tokens, [&](const TokenRecord& record) { out += std::to_string(record.start_char); });
  out += '}';
}

}  // namespace estoc::api
