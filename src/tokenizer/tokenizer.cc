// What a Tokenizer does unless it knows better.
#include "tokenizer/tokenizer.h"

#include <algorithm>

#include "tokenizer/length_cut.h"

namespace estoc {

SegmentedIds Tokenizer::encode_segments(std::string_view text, EncodeOptions options) const {
  SegmentedIds out{.ids = encode(text, options), .segments = {}};
  out.segments.resize(out.ids.size());
  return out;
}

SegmentedIds Tokenizer::encode_pair(std::string_view first, std::string_view second, EncodeOptions options) const {
  options.add_special = false;
  SegmentedIds out = encode_segments(first, options);
  const std::vector<TokenId> more = encode(second, options);
  out.ids.insert(out.ids.end(), more.begin(), more.end());
  out.segments.resize(out.ids.size(), 1);
  return out;
}

SegmentedIds Tokenizer::encode_cut(std::string_view first, std::optional<std::string_view> second, int tokens_max,
                                   bool cuts_left, EncodeOptions options) const {
  options.add_special = false;
  TextPair texts{encode(first, options), second ? encode(*second, options) : std::vector<TokenId>()};
  cut_pair(texts, static_cast<size_t>(std::max(0, tokens_max)), cuts_left);
  SegmentedIds out{.ids = std::move(texts.first), .segments = {}};
  out.segments.resize(out.ids.size());
  out.ids.insert(out.ids.end(), texts.second.begin(), texts.second.end());
  out.segments.resize(out.ids.size(), 1);
  return out;
}

const std::optional<Truncation>& Tokenizer::truncation() const {
  static const std::optional<Truncation> none;
  return none;
}

const std::optional<Padding>& Tokenizer::padding() const {
  static const std::optional<Padding> none;
  return none;
}

}  // namespace estoc
