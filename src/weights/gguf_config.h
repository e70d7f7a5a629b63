// GGUF metadata said again as config.json and generation_config.json. Pure functions.
//
// Keys that are absent stay absent, with two exceptions that GGUF leaves to the reader: num_key_value_heads (all
// heads) and tie_word_embeddings (there is no output matrix). Values that differ between
// layers become arrays. Besides Hugging Face's keys, "rope_freqs_tensor": true says that the tensor "rope_freqs.weight"
// [head_dim / 2] holds factors that divide the rotation frequencies (llama3 scaling, already computed).
// Throws Error{corrupt_file} when a key has the wrong kind or an impossible value.
#pragma once

#include <cstdint>
#include <span>

#include "base/json.h"
#include "weights/metadata.h"
#include "weights/naming_rules.h"
#include "weights/weight_source.h"

namespace estoc {

// general.architecture; throws when it is missing.
std::string_view gguf_architecture(const Metadata& metadata);

// What the tensors say is part of the config, too: rows of the embedding, whether there is a head.
Json gguf_config(const Metadata& metadata, const GgufArchitecture& architecture, std::span<const WeightTensor> tensors);

// Token ids that begin and end a text, and the sampling its authors recommend; null when the file says nothing.
Json gguf_generation_config(const Metadata& metadata);

// Heads of layer `layer` by "attention.head_count" or "attention.head_count_kv", whether one number or an array;
// 0 when the file does not say.
int64_t gguf_head_count(const Metadata& metadata, std::string_view key, int64_t layer);

}  // namespace estoc
