// The weights of one model on disk, whatever the container, under one naming: Hugging Face's.
//
// What: named tensors (mapped, not copied) and a config in the shape of config.json. A GGUF file's keys and tensor
// names are translated ("blk.3.attn_q.weight" becomes "model.layers.3.self_attn.q_proj.weight",
// "llama.embedding_length" becomes "hidden_size"), and rows that its converter permuted are handed out in Hugging
// Face's order.
// Ownership: the source owns the mappings; tensors point into them, so the source must outlive every user.
// Threads: immutable after open; read from any thread.
// Errors: open_weights throws Error{not_found, corrupt_file, unsupported, io}: one sentence with file, what and what
// was expected. Every offset, count and size is checked before anything is read or allocated by it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "quant/format.h"
#include "weights/block_scales.h"
#include "weights/naming_rules.h"
#include "weights/row_map.h"

namespace estoc {

class WeightTensor {
 public:
  std::string name;         // Hugging Face's
  std::string source_name;  // as the file spells it, for messages
  std::string file;         // path, for messages
  const QuantFormat* format = nullptr;
  std::vector<int64_t> shape;  // row-major, outermost first: [rows, columns] for a matrix
  std::span<const std::byte> bytes;
  // Of Hugging Face's order. Only matrices have one: a bias that was stored otherwise is already in order.
  RowMap row_map = {};
  // What the values of `format` are multiplied with, where the file keeps that apart; in the order of stored rows.
  BlockScales scales = {};

  int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  int64_t rows() const;
  int64_t element_count() const { return rows() * columns(); }
  // The stored bytes of row r in Hugging Face's order.
  const std::byte* row(int64_t r) const;
  // Row r as f32 (columns() values).
  void decode_row(int64_t r, float* target) const {
    format->decode(row(r), target, columns());
    if (scales) scales.apply(row_map.stored_row(r), 0, columns(), target);
  }
};

// A GGUF metadata value kept as found, for what config() does not cover (the vocabulary, the chat template).
class Metadata;

class WeightSource {
 public:
  virtual ~WeightSource() = default;

  virtual const std::string& path() const = 0;
  virtual std::string_view container() const = 0;  // "gguf" or "safetensors"
  // config.json, or its equivalent made from GGUF metadata. Has "architectures" and "model_type".
  virtual const Json& config() const = 0;
  // generation_config.json or its GGUF equivalent (eos_token_id...); null when there is none.
  virtual const Json& generation_config() const = 0;
  // Tensors in file order.
  virtual std::span<const WeightTensor> tensors() const = 0;
  virtual const WeightTensor* find(std::string_view name) const = 0;
  // The GGUF metadata; null for safetensors.
  virtual const Metadata* metadata() const = 0;
  // The files the tensors are in; empty for a model in memory.
  virtual const std::list<MappedFile>& files() const = 0;
  // Sum of file sizes.
  virtual uint64_t file_bytes() const = 0;
  // Lets the kernel drop the mapped pages (after packing); they come back from disk when read again.
  void release_pages() const;

  // find, or Error{corrupt_file}: "x.gguf: tensor 'model.norm.weight' is missing", "... has shape [2, 3], expected
  // [4]".
  const WeightTensor& require(std::string_view name, std::span<const int64_t> shape) const;
};

// Opens a .gguf file or a Hugging Face directory; `rules` are those of the families that may be in it, and outlive it.
std::unique_ptr<WeightSource> open_weights(const std::string& path, std::span<const NamingRules* const> rules);

}  // namespace estoc
