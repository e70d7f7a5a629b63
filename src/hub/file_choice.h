// Which files of a repository a model consists of: by their names alone, so that the same rule finds them on a hub and
// in a cache. Threads: pure functions. Errors: Error{not_found, invalid_argument} in one sentence that says what there
// is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace estoc {

// The quantization that a GGUF file's name ends with ("model-UD-Q4_K_XL-00001-of-00002.gguf": "UD-Q4_K_XL"), else that
// of the folder it is in; empty when neither tells.
std::string quant_label(std::string_view path);

// One GGUF model: a file, or the parts of a split one in order.
struct GgufSet {
  std::string stem;   // path without part numbers and ".gguf"
  std::string label;  // quant_label
  std::vector<std::string> files;
  bool is_whole = true;  // no part is missing

  bool operator==(const GgufSet&) const = default;
};

// Those among the paths that are models (projectors and importance matrices are not), in the order of their names.
std::vector<GgufSet> gguf_sets(const std::vector<std::string>& paths);

// What a repository of GGUF files alone gives when nothing is said.
inline constexpr const char* kDefaultQuant = "Q4_K_M";

// The set of that quantization, in any case of letters; without one Q4_K_M, or the only one. `where` begins sentences.
const GgufSet& choose_gguf(const std::vector<GgufSet>& sets, const std::string& quant, const std::string& where);
// The set that a file belongs to.
const GgufSet& choose_gguf_file(const std::vector<GgufSet>& sets, const std::string& file, const std::string& where);

// Whether the repository has weights as safetensors where they are looked for.
bool has_safetensors(const std::vector<std::string>& paths);

bool has_tokenizer(const std::vector<std::string>& paths);

// Of a repository of safetensors, the files beside the weights that are read by this program or by other tools that
// open the same folder, as far as they are there: config, generation config, tokenizer and templates.
std::vector<std::string> files_beside_weights(const std::vector<std::string>& paths);
// All such names, there or not.
std::vector<std::string> names_beside_weights();

inline constexpr const char* kSingleWeights = "model.safetensors";
inline constexpr const char* kWeightsIndex = "model.safetensors.index.json";

// The shards that an index names. Throws Error{corrupt_file}, also for one that would lie elsewhere.
std::vector<std::string> shards_of_index(const std::string& index_text, const std::string& where);

}  // namespace estoc
