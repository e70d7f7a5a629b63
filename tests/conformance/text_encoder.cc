// Encodes for encoders_against_library.py: text_encoder FOLDER WEIGHTS
//
// WEIGHTS is exact, for exact mode, or what fast mode makes of them: as-stored, bf16, int8, int4. Standard input has
// texts, each as a 32-bit length and its bytes; for each the answer is the number of its tokens, a 32-bit count and so
// many 32-bit floats. What cannot be encoded is one sentence on the standard error and the exit code 2.
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/cpus.h"
#include "base/error.h"
#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "models/encoder.h"
#include "models/family.h"
#include "weights/weight_source.h"

namespace {

bool read_text(std::string& text) {
  uint32_t bytes = 0;
  if (std::fread(&bytes, sizeof(bytes), 1, stdin) != 1) return false;
  text.resize(bytes);
  return std::fread(text.data(), 1, bytes, stdin) == bytes;
}

void write_number(size_t number) {
  const auto bits = static_cast<uint32_t>(number);
  std::fwrite(&bits, sizeof(bits), 1, stdout);
}

estoc::EncoderOptions options_of(const std::string& weights) {
  if (weights == "exact") return {.compute = estoc::ComputeMode::exact};
  using estoc::WeightType;
  for (const WeightType type : {WeightType::as_stored, WeightType::bf16, WeightType::int8, WeightType::int4}) {
    if (weights == estoc::weight_type_name(type)) return {.weights = type};
  }
  estoc::fail(estoc::ErrorCode::invalid_argument, "'{}' is none of exact, as-stored, bf16, int8 and int4", weights);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    const auto weights = estoc::open_weights(argv[1], estoc::naming_rules());
    const auto tokenizer = estoc::open_model_tokenizer(argv[1]);
    estoc::ThreadTeam team(estoc::default_thread_count());
    const auto encoder = estoc::load_encoder(*weights, team, options_of(argv[2]));
    const auto scratch = encoder->make_scratch(encoder->info().tokens_max, 1);
    std::vector<float> result(static_cast<size_t>(encoder->info().outputs));
    for (std::string text; read_text(text);) {
      const estoc::SegmentedIds ids = tokenizer->encode_cut(text, std::nullopt, encoder->info().tokens_max);
      const int length = static_cast<int>(ids.ids.size());
      encoder->encode({.tokens = ids.ids, .segments = ids.segments, .lengths = {&length, 1}}, *scratch, result);
      write_number(ids.ids.size());
      write_number(result.size());
      std::fwrite(result.data(), sizeof(float), result.size(), stdout);
    }
  } catch (const estoc::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
