#include "tokenizer/length_cut.h"

#include <algorithm>

namespace estoc {

std::pair<size_t, size_t> cut_lengths(size_t first, size_t second, size_t room) {
  if (first + second <= room) return {first, second};
  const size_t shorter = std::min({first, second, room / 2});
  const size_t longer = room - shorter;
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

void cut_pair(TextPair& texts, size_t room, bool cuts_left) {
  const auto [first, second] = cut_lengths(texts.first.size(), texts.second.size(), room);
  const auto cut = [cuts_left](std::vector<TokenId>& ids, size_t size) {
    if (cuts_left) {
      ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(size));
    } else {
      ids.resize(size);
    }
  };
  cut(texts.first, first);
  cut(texts.second, second);
}

}  // namespace estoc
