// What families with multi-head latent attention share: DeepSeek's layers, whose sizes configs spell alike.
// Errors: Error{corrupt_file} with file, key and what was expected.
#pragma once

#include "layers/layer_spec.h"
#include "weights/config_reader.h"
#include "weights/weight_source.h"

namespace estoc {

struct LatentOptions {
  bool is_interleaved = true;  // neighbours turn together, where rope_interleave does not say
  double epsilon = 1e-6;       // of the norms around the layers, where the config does not say
};

// Latent attention and gated MLPs as wide as intermediate_size in all layers, and the norms before both.
DecoderSpec describe_latent(const WeightSource& source, const LatentOptions& options = {});

// The factor that scores get beside the square root of a head's width, where frequencies are stretched by yarn.
float latent_score_factor(const WeightSource& source);

}  // namespace estoc
