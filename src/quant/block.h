// How a typed row of blocks is read and written through the byte pointers of QuantFormat.
//
// Block structs are packed, so their members are read safely at any address. A format writes what happens to one block;
// these templates make rows of it. Pure functions, nothing is thrown.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc {

// decode for QuantFormat from a function that decodes one block into `kCount` floats.
template <typename Block, int kCount, void (*kDecodeBlock)(const Block&, float*) noexcept>
void decode_row_of(const std::byte* source, float* target, int64_t count) noexcept {
  const auto* blocks = reinterpret_cast<const Block*>(source);
  for (int64_t b = 0; b < count / kCount; ++b) kDecodeBlock(blocks[b], target + b * kCount);
}

// encode for QuantFormat from a function that writes one block from `kCount` floats.
template <typename Block, int kCount, void (*kEncodeBlock)(const float*, Block&) noexcept>
void encode_row_of(const float* source, std::byte* target, int64_t count) noexcept {
  auto* blocks = reinterpret_cast<Block*>(target);
  for (int64_t b = 0; b < count / kCount; ++b) kEncodeBlock(source + b * kCount, blocks[b]);
}

// unpack for AffineView from a function that takes one block of `kCount` elements apart into groups of `kGroup`.
template <typename Block, int kCount, int kGroup, void (*kUnpackBlock)(const Block&, uint8_t*, float*, float*) noexcept>
void unpack_row_of(const std::byte* source, int64_t count, uint8_t* codes, float* scales, float* mins) noexcept {
  const auto* blocks = reinterpret_cast<const Block*>(source);
  for (int64_t b = 0; b < count / kCount; ++b) {
    kUnpackBlock(blocks[b], codes + b * kCount, scales + b * kCount / kGroup, mins + b * kCount / kGroup);
  }
}

}  // namespace estoc
