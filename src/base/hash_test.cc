#include "base/hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace estoc {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// What is stored on disks must be found again, whatever release of the library it was written with.
TEST(Hash, GivesThePublishedValues) {
  EXPECT_EQ(hash64({}), 0x2d06800538d394c2u);
  EXPECT_EQ(hash64(bytes_of("a")), 0xe6c632b61e964e1fu);
  EXPECT_EQ(hash64(bytes_of("abc")), 0x78af5f94892f3950u);
}

TEST(Hash, PiecesGiveWhatTheWholeGives) {
  std::vector<unsigned char> numbers(601);  // beyond the library's buffer of 256
  std::iota(numbers.begin(), numbers.end(), static_cast<unsigned char>(0));
  const auto bytes = std::as_bytes(std::span<const unsigned char>(numbers));
  for (const uint64_t seed : {uint64_t{0}, uint64_t{2654435761u}}) {
    const uint64_t whole = hash64(bytes, seed);
    for (size_t first = 0; first <= bytes.size(); first += 13) {
      for (const size_t second : {size_t{0}, size_t{1}, size_t{64}, size_t{257}}) {
        const size_t middle = std::min(second, bytes.size() - first);
        Hasher hash(seed);
        hash.add(bytes.first(first));
        hash.add(bytes.subspan(first, middle));
        const Hasher copy = hash;
        hash.add(bytes.subspan(first + middle));
        EXPECT_EQ(hash.value(), whole) << first << " " << second;
        EXPECT_EQ(copy.value(), hash64(bytes.first(first + middle), seed));
      }
    }
  }
  EXPECT_NE(hash64(bytes, 1), hash64(bytes, 2));
}

TEST(Hash, TextsKeepTheirBorders) {
  Hasher one, other;
  one.add_text("ab");
  one.add_text("c");
  other.add_text("a");
  other.add_text("bc");
  EXPECT_NE(one.value(), other.value());
}

}  // namespace
}  // namespace estoc
