#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/limits.h"
#include "models/encoder_family.h"
#include "weights/byte_reader.h"

namespace estoc {

extern const EncoderFamily bert, embedding_gemma, llama_encoder, modernbert, nomic_bert, qwen2_encoder, qwen3_encoder;

namespace {

constexpr std::array kFamilies = {&bert,       &embedding_gemma, &llama_encoder, &modernbert,
                                  &nomic_bert, &qwen2_encoder,   &qwen3_encoder};
constexpr int64_t kLabelsMax = 4096, kSegmentsMax = 256;

int64_t checked_rows(const WeightSource& source, const WeightTensor& tensor, int64_t rows_max) {
  const int64_t rows = tensor.rows();
  if (tensor.shape.size() == 2 && rows >= 1 && rows <= rows_max) return rows;
  fail(ErrorCode::corrupt_file, "{}: tensor '{}' has {} rows, expected a matrix of 1 to {}", source.path(),
       shown(tensor.source_name), rows, rows_max);
}

}  // namespace

std::span<const EncoderFamily* const> encoder_families() { return kFamilies; }

const EncoderFamily* encoder_family_of(const WeightSource& source) {
  const std::string architecture = architecture_of(source);
  for (const EncoderFamily* family : encoder_families()) {
    if (std::ranges::find(family->architectures, architecture) != family->architectures.end()) return family;
  }
  return nullptr;
}

bool is_classifier(std::string_view architecture) { return architecture.ends_with("ForSequenceClassification"); }

VectorStepSpec label_step(const WeightSource& source, const std::string& linear) {
  const WeightTensor* tensor = source.find(linear + ".weight");
  if (tensor == nullptr) {
    fail(ErrorCode::corrupt_file, "{}: tensor '{}.weight' is missing, which makes scores", source.path(), linear);
  }
  return {.linear = linear, .outputs = static_cast<int>(checked_rows(source, *tensor, kLabelsMax))};
}

VectorStepSpec::Function function_of(Activation activation) {
  using Function = VectorStepSpec::Function;
  switch (activation) {
    case Activation::silu:
      return Function::silu;
    case Activation::gelu:
      return Function::gelu;
    case Activation::gelu_tanh:
      return Function::gelu_tanh;
    case Activation::relu:
      return Function::relu;
    default:
      fail(ErrorCode::unsupported, "a head's activation is none of silu, gelu, gelu_pytorch_tanh and relu");
  }
}

int segment_count(const WeightSource& source, const WeightTensor& table) {
  return static_cast<int>(checked_rows(source, table, kSegmentsMax));
}

}  // namespace estoc
