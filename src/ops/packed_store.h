// Where packed matrices are kept between starts: asked before a matrix is packed, told after it was.
//
// Ownership: packed bytes are shared; whoever holds them keeps them alive, so a store and a Weight may end in any
// order. Bytes never change once they were handed over. Threads: the loading thread only. Errors: none; a store that
// cannot keep or find something says so in the log, and the matrix is packed.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "weights/matrix_view.h"

namespace estoc {

// 64-byte aligned, zero where the layout pads.
using PackedBytes = std::shared_ptr<const std::byte>;

// What a packed matrix was made of: all that its bytes depend on beside the content of the model's files.
struct PackedKey {
  std::string name;             // of the tensor
  std::string scheme;           // QuantFormat::name
  MatrixSlice slice;            // of the tensor
  RowMap row_map;               // of the tensor
  uint32_t layout_version = 0;  // kernels::kPanelLayoutVersion
  uint64_t bytes = 0;           // of the packed form

  auto operator<=>(const PackedKey&) const = default;
};

class PackedStore {
 public:
  virtual ~PackedStore() = default;
  // The kept bytes (key.bytes of them); null when there are none.
  virtual PackedBytes find(const PackedKey& key) = 0;
  // Keeps bytes that find did not know.
  virtual void add(const PackedKey& key, PackedBytes bytes) = 0;
};

}  // namespace estoc
