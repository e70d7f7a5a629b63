#include "base/keyed_hash.h"

#include <sodium.h>

#include "base/check.h"

namespace estoc {
namespace {

unsigned char* numbers(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* numbers(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

}  // namespace

HashKey random_hash_key() {
  ESTOC_CHECK(sodium_init() >= 0);
  HashKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  return key;
}

KeyedHash keyed_hash(const HashKey& key, std::span<const std::byte> bytes) {
  static_assert(sizeof(HashKey) == crypto_shorthash_siphashx24_KEYBYTES);
  static_assert(sizeof(KeyedHash) == crypto_shorthash_siphashx24_BYTES);
  KeyedHash hash;
  crypto_shorthash_siphashx24(numbers(hash.data()), numbers(bytes.data()), bytes.size(), numbers(key.bytes.data()));
  return hash;
}

}  // namespace estoc
