// Unigram models of a tokenizer.json.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"
#include "tokenizer/json_models.h"
#include "tokenizer/unigram_model.h"

namespace estoc {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score

// The score as the library that these files are of reads it: the digits as a number, rounded, then divided by a power
// of ten, rounded again. What is one unit off in the last place decides between cuts whose scores are equal otherwise.
// Source: serde_json's conversion without its feature float_roundtrip; found by comparing with PyPI's tokenizers 0.23.3.
double as_library_reads(double score) {
  if (!std::isfinite(score)) return score;
  char text[32];
  const auto written = std::to_chars(text, std::end(text), std::abs(score), std::chars_format::scientific);
  uint64_t significand = 0;  // 17 digits at most
  int exponent = 1;
  const char* at = text;
  for (; at < written.ptr && *at != 'e'; ++at) {
    if (*at == '.') continue;
    significand = significand * 10 + static_cast<uint64_t>(*at - '0');
    --exponent;
  }
  const auto digits = static_cast<double>(significand);
  exponent += std::stoi(std::string(at + 1, static_cast<const char*>(written.ptr)));
  const double power = std::pow(10.0, std::abs(exponent));
  const double read = exponent < 0 ? digits / power : digits * power;
  return std::isfinite(read) ? std::copysign(read, score) : score;  // the smallest have larger powers than there are
}

}  // namespace

std::unique_ptr<PieceModel> read_unigram_model(const JsonModelSource& source) {
  const Json::Array& vocab = source.json.array("vocab");
  UnigramModel::Parts parts;
  double lowest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < vocab.size(); ++i) {
    const std::string& spelling = vocab[i].as_array()[0].as_string();
    const double score = as_library_reads(vocab[i].as_array()[1].as_double());
    const auto id = static_cast<TokenId>(i);
    parts.scores.push_back(score);
    lowest = std::min(lowest, score);
    // Special tokens are left out, so that text never spells one by accident; of two equal spellings the last counts.
    if (spelling.empty() || source.is_special[i] || source.spellings.find(spelling) != id) continue;
    parts.tokens.insert(spelling, id);
  }
  parts.unknown_score = lowest - kUnknownPenalty;
  if (source.json.find("unk_id") != nullptr) {
    const int64_t unknown = source.json.integer("unk_id");
    if (unknown < 0 || unknown >= static_cast<int64_t>(vocab.size()))
      fail(ErrorCode::corrupt_file, "{}: unk_id is {}, expected an id below {}", source.json.where(), unknown,
           vocab.size());
    parts.unknown = static_cast<TokenId>(unknown);
  }
  if (source.json.flag_or("byte_fallback", false)) {
    for (int byte = 0; byte < 256; ++byte) {
      parts.byte_tokens[static_cast<size_t>(byte)] =
          source.spellings.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
    }
  }
  return std::make_unique<UnigramModel>(std::move(parts));
}

}  // namespace estoc
