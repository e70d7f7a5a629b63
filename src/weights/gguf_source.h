// GGUF files as a WeightSource, of the architectures that the rules name.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "weights/weight_source.h"

namespace estoc {

// Opens a .gguf file; for the first part of a split model ("name-00001-of-00003.gguf") also the others beside it.
std::unique_ptr<WeightSource> open_gguf(const std::string& path, std::span<const NamingRules* const> rules);

// A whole model that lies in memory, which must outlive the source. `name` stands for the path in messages.
std::unique_ptr<WeightSource> gguf_from_memory(std::span<const std::byte> bytes, const std::string& name,
                                               std::span<const NamingRules* const> rules);

}  // namespace estoc
