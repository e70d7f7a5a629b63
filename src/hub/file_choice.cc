#include "hub/file_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/shown.h"
#include "hub/json_reply.h"
#include "hub/safe_names.h"

namespace estoc {
namespace {

// Any one of these is a tokenizer (tokenizer/open_tokenizer.cc reads most of them).
constexpr std::string_view kTokenizers[] = {
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
    "tiktoken.model", "qwen.tiktoken",   "vocab.json",   "vocab.txt"};
constexpr std::string_view kOthersBesideWeights[] = {
    "config.json", "generation_config.json", "tokenizer_config.json", "merges.txt", "added_tokens.json",
    "chat_template.jinja", "chat_template.json", "special_tokens_map.json", "hf_quant_config.json",
    // What sentence-transformers makes of an encoder's rows (models/sentence_modules.h), in folders numbered in order.
    "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json",
    "2_Dense/config.json", "2_Dense/model.safetensors", "3_Dense/config.json", "3_Dense/model.safetensors",
    "1_LogitScore/config.json"};

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& c : capitals) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return capitals;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

struct PartName {
  std::string_view stem;
  int part = 1, count = 1;
};

// "stem-00002-of-00005" taken apart; a name without numbers is its only part.
PartName part_name(std::string_view name) {
  constexpr size_t kDigits = 5, kLength = 2 * kDigits + 5;  // "-00002-of-00005"
  if (name.size() <= kLength) return {name};
  const std::string_view end = name.substr(name.size() - kLength);
  const std::string_view part = end.substr(1, kDigits), count = end.substr(kDigits + 5);
  if (end[0] != '-' || end.substr(kDigits + 1, 4) != "-of-" || !std::all_of(part.begin(), part.end(), is_digit) ||
      !std::all_of(count.begin(), count.end(), is_digit)) {
    return {name};
  }
  return {name.substr(0, name.size() - kLength), std::stoi(std::string(part)), std::stoi(std::string(count))};
}

// Q4_K_M, IQ2_XXS, TQ1_0, MXFP4_MOE, BF16...: what quantizations are called.
bool is_quant_word(const std::string& word) {
  for (const char* name : {"F16", "BF16", "F32", "FP16", "FP32"}) {
    if (word == name) return true;
  }
  const auto follows = [&](std::string_view prefix) {
    return word.size() > prefix.size() && word.starts_with(prefix) && is_digit(word[prefix.size()]);
  };
  return follows("Q") || follows("IQ") || follows("TQ") || follows("MXFP") || follows("NVFP");
}

// The last word between '-' and '.' that is a quantization, with "UD-" where it stands before.
std::string label_in(std::string_view text) {
  const std::string name = in_capitals(text);
  for (size_t end = name.size(); end > 0;) {
    const size_t divider = name.find_last_of("-.", end - 1);
    const size_t begin = divider == std::string::npos ? 0 : divider + 1;
    std::string word = name.substr(begin, end - begin);
    // Older names divide by underscores alone: ggml-model-q4_0 is as usual, llama_7b_q4_0 is not.
    if (is_quant_word(word)) {
      const bool is_dynamic =
          begin >= 3 && name.compare(begin - 3, 3, "UD-") == 0 && (begin == 3 || name[begin - 4] == '-');
      return is_dynamic ? "UD-" + word : word;
    }
    end = begin == 0 ? 0 : begin - 1;
  }
  return {};
}

bool is_model_file(std::string_view path) {
  const std::string name = in_capitals(file_name(path));
  return name.ends_with(".GGUF") && !name.starts_with("MMPROJ") && name.find("-MMPROJ") == std::string::npos &&
         name.find("IMATRIX") == std::string::npos;
}

std::string list_of(const std::vector<GgufSet>& sets) {
  std::vector<std::string> labels;
  for (const GgufSet& set : sets) labels.push_back(shown(set.label.empty() ? set.stem + ".gguf" : set.label));
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  constexpr size_t kShown = 30;
  const size_t count = std::min(labels.size(), kShown);
  return fmt::format("{}{}", fmt::join(labels.begin(), labels.begin() + static_cast<ptrdiff_t>(count), ", "),
                     labels.size() > kShown ? ", ..." : "");
}

const GgufSet& whole(const GgufSet& set, const std::string& where) {
  if (!set.is_whole) {
    fail(ErrorCode::not_found, "{}: {} is split, and not all of its parts are there", where, shown(set.stem));
  }
  return set;
}

bool has(const std::vector<std::string>& paths, std::string_view name) {
  return std::find(paths.begin(), paths.end(), name) != paths.end();
}

}  // namespace

std::string quant_label(std::string_view path) {
  std::string_view name = file_name(path);
  const std::string capitals = in_capitals(name);
  if (capitals.ends_with(".GGUF")) name.remove_suffix(5);
  if (std::string label = label_in(part_name(name).stem); !label.empty()) return label;
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : label_in(file_name(path.substr(0, slash)));
}

std::vector<GgufSet> gguf_sets(const std::vector<std::string>& paths) {
  struct Parts {
    int count = 0;
    std::map<int, std::string> files;
  };
  std::map<std::pair<std::string, int>, Parts> by_stem;
  for (const std::string& path : paths) {
    if (!is_model_file(path)) continue;
    const PartName part = part_name(std::string_view(path).substr(0, path.size() - 5));
    Parts& parts = by_stem[{std::string(part.stem), part.count}];
    parts.count = part.count;
    parts.files.emplace(part.part, path);
  }
  std::vector<GgufSet> sets;
  for (const auto& [stem, parts] : by_stem) {
    GgufSet set{stem.first, quant_label(parts.files.begin()->second), {}};
    for (const auto& [part, file] : parts.files) set.files.push_back(file);
    set.is_whole = static_cast<int>(parts.files.size()) == parts.count && parts.files.begin()->first == 1 &&
                   parts.files.rbegin()->first == parts.count;
    sets.push_back(std::move(set));
  }
  return sets;
}

const GgufSet& choose_gguf(const std::vector<GgufSet>& sets, const std::string& quant, const std::string& where) {
  if (sets.empty()) fail(ErrorCode::not_found, "{}: has no GGUF file of a model", where);
  const std::string wanted = in_capitals(quant.empty() ? kDefaultQuant : quant);
  std::vector<const GgufSet*> found;
  for (const GgufSet& set : sets) {
    if (set.label == wanted) found.push_back(&set);
  }
  if (found.empty() && quant.empty() && sets.size() == 1) found.push_back(&sets.front());
  if (found.empty()) {
    fail(ErrorCode::not_found, "{}: has no {}; it has {}", where, shown(wanted), list_of(sets));
  }
  if (found.size() > 1) {
    fail(ErrorCode::invalid_argument, "{}: has {} models of {}, among them {} and {}; name the file", where,
         found.size(), shown(wanted), shown(found[0]->files.front()), shown(found[1]->files.front()));
  }
  return whole(*found.front(), where);
}

const GgufSet& choose_gguf_file(const std::vector<GgufSet>& sets, const std::string& file, const std::string& where) {
  for (const GgufSet& set : sets) {
    if (has(set.files, file)) return whole(set, where);
  }
  fail(ErrorCode::not_found, "{}: has no GGUF file '{}' of a model{}", where, shown(file),
       sets.empty() ? "" : "; it has " + list_of(sets));
}

bool has_safetensors(const std::vector<std::string>& paths) {
  return has(paths, "config.json") && (has(paths, kSingleWeights) || has(paths, kWeightsIndex));
}

bool has_tokenizer(const std::vector<std::string>& paths) {
  return std::any_of(std::begin(kTokenizers), std::end(kTokenizers),
                     [&](std::string_view name) { return has(paths, name); });
}

std::vector<std::string> names_beside_weights() {
  std::vector<std::string> names(std::begin(kOthersBesideWeights), std::end(kOthersBesideWeights));
  names.insert(names.end(), std::begin(kTokenizers), std::end(kTokenizers));
  return names;
}

std::vector<std::string> files_beside_weights(const std::vector<std::string>& paths) {
  std::vector<std::string> files = names_beside_weights();
  std::erase_if(files, [&](const std::string& name) { return !has(paths, name); });
  return files;
}

std::vector<std::string> shards_of_index(const std::string& index_text, const std::string& where) {
  const Json index = parse_reply(index_text, where);
  const Json* map = index.find("weight_map");
  if (map == nullptr || !map->is_object()) fail(ErrorCode::corrupt_file, "{}: has no object 'weight_map'", where);
  std::set<std::string> shards;
  for (const auto& [tensor, file] : map->as_object()) {
    if (!file.is_string() || !is_safe_part(file.as_string())) {
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' is not in a file beside the index", where, shown(tensor));
    }
    shards.insert(file.as_string());
  }
  if (shards.empty()) fail(ErrorCode::corrupt_file, "{}: names no file", where);
  return {shards.begin(), shards.end()};
}

}  // namespace estoc
