#include "tokenizer/rank_file.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/error.h"
#include "tokenizer/base64.h"
#include "tokenizer/token_limits.h"

namespace estoc {
namespace {

constexpr uint32_t kRanksMax = 1 << 22;

}  // namespace

std::vector<std::string> read_rank_file(std::string_view text, const std::string& source) {
  std::vector<std::string> tokens;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) continue;
    const size_t space = std::min(line.find(' '), line.size());
    const auto bytes = bytes_of_base64(line.substr(0, space));
    const std::string_view digits = line.substr(std::min(line.size(), space + 1));
    uint32_t rank = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
    if (!bytes || bytes->empty() || digits.empty() || error != std::errc() || stop != digits.data() + digits.size()) {
      fail(ErrorCode::corrupt_file, "{}: line {} is \"{}\", expected a token in base64, a space and its rank", source,
           line_number, line.substr(0, 80));
    }
    if (rank >= kRanksMax || bytes->size() > kTokenBytesMax) {
      fail(ErrorCode::corrupt_file, "{}: line {} has a token of {} bytes and rank {}, expected at most {} and {}",
           source, line_number, bytes->size(), rank, kTokenBytesMax, kRanksMax - 1);
    }
    if (rank >= tokens.size()) tokens.resize(rank + 1);
    if (!tokens[rank].empty())
      fail(ErrorCode::corrupt_file, "{}: line {} gives rank {} a second time", source, line_number, rank);
    tokens[rank] = *bytes;
  }
  return tokens;
}

}  // namespace estoc
