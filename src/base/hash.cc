#include "base/hash.h"

#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace estoc {
namespace {

XXH3_state_t* state_in(std::byte* bytes) { return std::launder(reinterpret_cast<XXH3_state_t*>(bytes)); }
const XXH3_state_t* state_in(const std::byte* bytes) {
  return std::launder(reinterpret_cast<const XXH3_state_t*>(bytes));
}

}  // namespace

uint64_t hash64(std::span<const std::byte> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hasher::Hasher(uint64_t seed) {
  static_assert(sizeof(state_) >= sizeof(XXH3_state_t) && alignof(Hasher) >= alignof(XXH3_state_t));
  XXH3_64bits_reset_withSeed(new (state_.data()) XXH3_state_t{}, seed);
}

void Hasher::add(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_64bits_update(state_in(state_.data()), bytes.data(), bytes.size());
}

void Hasher::add_text(std::string_view text) {
  add_number(uint64_t{text.size()});
  add(std::as_bytes(std::span(text)));
}

uint64_t Hasher::value() const { return XXH3_64bits_digest(state_in(state_.data())); }

}  // namespace estoc
