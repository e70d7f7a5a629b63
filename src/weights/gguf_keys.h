// Which GGUF metadata keys say the same as which keys of config.json and generation_config.json. Constant data.
//
// Keys that change what a model computes are here even when no family computes it, so that models/config_keys.h can
// refuse them under one name.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace estoc {

struct GgufKey {
  enum class Kind {
    count,       // an integer of at least 0, or one a layer
    pattern,     // a count, or a flag a layer, which gguf_config.cc makes layer_types of
    real,        // a finite number
    reals,       // an array of such
    multiplier,  // the same, but 0 says that there is none
    integer,     // any integer
    flag,
  };

  std::string_view gguf;  // after "<architecture>." (keys of the model) or whole (activations, sampling)
  std::string_view hugging_face;
  Kind kind;
};

std::span<const GgufKey> gguf_model_keys();
std::span<const GgufKey> gguf_rope_scaling_keys();  // members of rope_scaling
std::span<const GgufKey> gguf_activation_keys();  // of the model, but without the architecture before them
std::span<const GgufKey> gguf_sampling_keys();

// Whether a key after "<architecture>." is read somewhere, by the tables or by name.
bool is_known_gguf_key(std::string_view key);

// The metadata key behind a path in config.json ("hidden_size", "rope_scaling.factor"); empty when there is none.
std::string gguf_spelling(std::string_view architecture, std::string_view path);

}  // namespace estoc
