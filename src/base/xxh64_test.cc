#include "base/xxh64.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace estoc {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(Xxh64, PublishedValues) {
  EXPECT_EQ(xxh64({}), 0xef46db3751d8e999u);
  EXPECT_EQ(xxh64(bytes_of("a")), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(xxh64(bytes_of("abc")), 0x44bc2cf5ad770999u);
  EXPECT_EQ(xxh64(bytes_of("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1u);
}

TEST(Xxh64, PiecesGiveWhatTheWholeGives) {
  std::vector<unsigned char> numbers(101);
  std::iota(numbers.begin(), numbers.end(), static_cast<unsigned char>(0));
  const auto bytes = std::as_bytes(std::span<const unsigned char>(numbers));
  EXPECT_EQ(xxh64(bytes), 0xe99038495f85381eu);
  EXPECT_EQ(xxh64(bytes, 2654435761u), 0xa1c6d4174c37136du);
  for (size_t first = 0; first <= bytes.size(); ++first) {
    for (const size_t second : {size_t{0}, size_t{1}, size_t{31}, size_t{32}, size_t{40}}) {
      const size_t middle = std::min(second, bytes.size() - first);
      Xxh64 hash;
      hash.add(bytes.first(first));
      hash.add(bytes.subspan(first, middle));
      hash.add(bytes.subspan(first + middle));
      EXPECT_EQ(hash.value(), 0xe99038495f85381eu) << first << " " << second;
    }
  }
}

TEST(Xxh64, TextsKeepTheirBorders) {
  Xxh64 one, other;
  one.add_text("ab");
  one.add_text("c");
  other.add_text("a");
  other.add_text("bc");
  EXPECT_NE(one.value(), other.value());
}

}  // namespace
}  // namespace estoc
