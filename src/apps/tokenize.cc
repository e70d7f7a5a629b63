// `estoc tokenize MODEL [TEXT]`: the token ids of a text, or with --decode the text of ids. Reads the vocabulary only,
// so that it works for models that are not run here, and for a tokenizer's file by itself.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "apps/commands.h"
#include "apps/named_model.h"
#include "apps/process_options.h"
#include "apps/question.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/json.h"
#include "checkpoint/checkpoint.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/whole_characters.h"

namespace estoc {
namespace {

std::vector<TokenId> parse_ids(std::string_view list, int vocab_count) {
  std::vector<TokenId> ids;
  while (!list.empty()) {
    const size_t end = std::min(list.find_first_of(", "), list.size());
    const std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(list.size(), end + 1));
    if (word.empty()) continue;
    TokenId id = -1;
    const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || stop != word.data() + word.size() || id < 0 || id >= vocab_count) {
      fail(ErrorCode::invalid_argument, "--decode: '{}' is not a token of the vocabulary, expected 0 to {}",
           word.substr(0, 40), vocab_count - 1);
    }
    ids.push_back(id);
  }
  return ids;
}

// A token's text; bytes that are no text by themselves become U+FFFD.
std::string piece_of(const Tokenizer& tokenizer, TokenId id) { return to_valid_utf8(tokenizer.token_bytes(id)); }

Json pieces_json(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  Json pieces{Json::Array()};
  for (const TokenId id : ids) pieces.push_back(piece_of(tokenizer, id));
  return pieces;
}

void write_ids(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, const TokenizeOptionValues& options) {
  std::string out;
  if (options.output == "json") {
    Json json{Json::Object()};
    Json list{Json::Array()};
    for (const TokenId id : ids) list.push_back(static_cast<int64_t>(id));
    json.set("ids", std::move(list));
    if (options.has_pieces) json.set("pieces", pieces_json(tokenizer, ids));
    out = to_json(json) + "\n";
  } else if (options.has_pieces) {
    for (const TokenId id : ids) {
      out += fmt::format("{:>8}  {}{}\n", id, to_json(Json(piece_of(tokenizer, id))),
                         tokenizer.is_special(id) ? "  special" : "");
    }
  } else {
    for (const TokenId id : ids) out += fmt::format("{}{}", out.empty() ? "" : " ", id);
    out += '\n';
  }
  write_output(out);
}

void write_text(const std::string& text, const TokenizeOptionValues& options) {
  if (options.output != "json") {
    write_output(text + "\n");
    return;
  }
  Json json{Json::Object()};
  json.set("text", text);
  write_output(to_json(json) + "\n");
}

}  // namespace

int tokenize(const TokenizeOptionValues& options) {
  apply_log_level(options.log_level);
  const auto tokenizer = open_model_tokenizer(named_model(options.model).path);
  if (options.ids) {
    const std::vector<TokenId> ids = parse_ids(*options.ids, tokenizer->vocab_count());
    if (options.has_pieces) {
      write_ids(*tokenizer, ids, options);
    } else {
      write_text(tokenizer->decode(ids, options.has_no_special), options);
    }
    return 0;
  }
  const bool is_given = options.text && *options.text != "-";
  const std::string text = is_given ? *options.text : read_standard_input("a text");
  const EncodeOptions encode{.add_special = !options.has_no_special, .parse_special = !options.has_no_special};
  write_ids(*tokenizer, tokenizer->encode(text, encode), options);
  return 0;
}

}  // namespace estoc
