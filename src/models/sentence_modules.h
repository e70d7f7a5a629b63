// What the files of sentence-transformers beside a checkpoint say is made of its rows: modules.json, the config.json of
// each module's folder, sentence_bert_config.json; or the same in the metadata of a GGUF file. Pure functions on files.
// Throws Error{corrupt_file, unsupported} with the file and what was expected.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "layers/encoder_spec.h"
#include "weights/weight_source.h"

namespace estoc {

struct SentenceModules {
  std::vector<Pooling> pooling = {};  // empty: they say nothing about it
  std::vector<VectorStepSpec> steps = {};
  bool is_normalized = false;
  bool is_reranker = false;  // the logits of `answers`, of the second less than of the first, or a class for scores
  std::vector<int> answers = {};
  int tokens_max = 0;  // 0: they do not say
  std::vector<std::string> labels = {};

  // Whether they say what a text's rows become: a decoder with such files is an encoder.
  bool are_there() const { return !pooling.empty() || is_reranker; }
};

SentenceModules read_sentence_modules(const WeightSource& source);

// "mean", as EncoderInfo has it; several with + between.
std::string pooling_names(const std::vector<Pooling>& pooling);
// The pooling of such a name; nothing for another text.
std::optional<Pooling> parse_pooling(std::string_view name);
// The names, for messages.
std::string known_poolings();

}  // namespace estoc
