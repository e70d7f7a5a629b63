// What the Llama family lends to families that differ from it in a layer's details only.
// Errors: describe_llama throws Error{corrupt_file, unsupported} with file, key and what was expected.
#pragma once

#include <memory>
#include <string_view>

#include "layers/decoder_block.h"
#include "layers/load_context.h"
#include "models/model.h"

namespace estoc {

// Shapes from a config that spells them as Llama's does, under the name of `family`.
ModelInfo describe_llama(const WeightSource& source, std::string_view family);

// Shape and numbers that all layers share; has_head_norms is left to the family.
DecoderShape llama_shape(const WeightSource& source, const ModelInfo& info);

// Embedding, `info.layers` blocks of `shape` with the windows of info.kv, norm, head.
std::unique_ptr<Model> build_llama(LoadContext& load, const ModelInfo& info, const DecoderShape& shape, int rows_max);

}  // namespace estoc
