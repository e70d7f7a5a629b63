// Encoders against what transformers makes of the same texts (tests/golden/encoders, made by
// tests/golden/make_encoder_golden.py): alone and in batches, at every level of kernels, exact and fast.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "models/encoder.h"
#include "models/encoder_family.h"
#include "models/family.h"
#include "weights/weight_source.h"

namespace estoc {
namespace {

const std::string kEncoders = ESTOC_SOURCE_DIR "/tests/golden/encoders/";

struct Text {
  std::vector<TokenId> tokens;
  std::vector<uint8_t> segments;  // as long, or empty
  std::vector<float> result;
};

struct Golden {
  std::vector<Text> texts;
  double tolerance = 0;
  bool is_normalized = false;
};

template <typename T>
std::vector<T> numbers(const Json* list) {
  std::vector<T> values;
  if (list == nullptr) return values;
  for (const Json& value : list->as_array()) values.push_back(static_cast<T>(value.as_double()));
  return values;
}

Golden read_golden(const std::string& name) {
  const Json json = parse_json(read_file(kEncoders + name + ".json"));
  Golden golden{.tolerance = json.find("tolerance")->as_double(),
                .is_normalized = json.find("is_normalized")->as_bool()};
  for (const Json& text : json.find("texts")->as_array()) {
    golden.texts.push_back({numbers<TokenId>(text.find("tokens")), numbers<uint8_t>(text.find("segments")),
                            numbers<float>(text.find("result"))});
  }
  return golden;
}

std::vector<std::string> names_of(std::string_view extension) {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(kEncoders)) {
    if (file.path().extension() == extension) names.push_back(file.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

// What the encoder makes of the texts, all in one batch.
std::vector<std::vector<float>> encode(const Encoder& encoder, const std::vector<Text>& texts,
                                       EncoderScratch* scratch = nullptr) {
  std::vector<TokenId> tokens;
  std::vector<uint8_t> segments;
  std::vector<int> lengths;
  for (const Text& text : texts) {
    tokens.insert(tokens.end(), text.tokens.begin(), text.tokens.end());
    segments.insert(segments.end(), text.segments.begin(), text.segments.end());
    segments.resize(tokens.size());
    lengths.push_back(static_cast<int>(text.tokens.size()));
  }
  const auto outputs = static_cast<size_t>(encoder.info().outputs);
  std::vector<float> results(texts.size() * outputs);
  std::unique_ptr<EncoderScratch> own;
  if (scratch == nullptr) {
    own = encoder.make_scratch(static_cast<int>(tokens.size()), static_cast<int>(texts.size()));
    scratch = own.get();
  }
  encoder.encode({.tokens = tokens, .segments = segments, .lengths = lengths}, *scratch, results);
  std::vector<std::vector<float>> split;
  for (size_t i = 0; i < texts.size(); ++i) {
    split.emplace_back(results.begin() + static_cast<std::ptrdiff_t>(i * outputs),
                       results.begin() + static_cast<std::ptrdiff_t>((i + 1) * outputs));
  }
  return split;
}

std::vector<std::vector<float>> encode_alone(const Encoder& encoder, const std::vector<Text>& texts) {
  std::vector<std::vector<float>> results;
  for (const Text& text : texts) results.push_back(encode(encoder, {text}).front());
  return results;
}

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::fabs(double{a[i]} - double{b[i]}));
  }
  return largest;
}

// Of the vector's length; of a score from 1 on.
double relative_difference(const std::vector<float>& expected, const std::vector<float>& got) {
  double length = 0, difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    length += double{expected[i]} * double{expected[i]};
    difference += (double{got[i]} - double{expected[i]}) * (double{got[i]} - double{expected[i]});
  }
  return std::sqrt(difference) / std::max(1.0, std::sqrt(length));
}

void normalize(std::vector<float>& vector) {
  double sum = 0;
  for (const float value : vector) sum += double{value} * double{value};
  for (float& value : vector) value /= static_cast<float>(std::sqrt(sum));
}

void expect_golden(const std::string& path, const std::string& name) {
  const Golden golden = read_golden(name);
  const auto weights = open_weights(path, naming_rules());
  ASSERT_TRUE(is_encoder(*weights));
  ThreadTeam team(2);
  const auto encoder = load_encoder(*weights, team, {.compute = ComputeMode::exact});
  EXPECT_EQ(describe_encoder(*weights).outputs, encoder->info().outputs);
  double worst = 0;
  // A GGUF file does not say that vectors are to have length 1.
  const bool is_unsaid = golden.is_normalized && weights->container() == "gguf";
  EXPECT_EQ(encoder->info().is_normalized, golden.is_normalized && !is_unsaid);
  for (auto results : {encode(*encoder, golden.texts), encode_alone(*encoder, golden.texts)}) {
    for (size_t i = 0; i < results.size(); ++i) {
      if (is_unsaid) normalize(results[i]);
      const double difference = largest_difference(golden.texts[i].result, results[i]);
      EXPECT_LT(difference, golden.tolerance) << "text " << i;
      worst = std::max(worst, difference);
    }
  }
  std::printf("  largest difference %.2e\n", worst);
}

class TinyEncoders : public testing::TestWithParam<std::string> {};
class TinyEncoderFiles : public testing::TestWithParam<std::string> {};

TEST_P(TinyEncoders, ExactEqualsTransformers) { expect_golden(kEncoders + GetParam(), GetParam()); }
TEST_P(TinyEncoderFiles, ExactEqualsTransformers) { expect_golden(kEncoders + GetParam() + ".gguf", GetParam()); }

TEST_P(TinyEncoders, IsaLevelsAgree) {
  const Golden golden = read_golden(GetParam());
  const auto weights = open_weights(kEncoders + GetParam(), naming_rules());
  ThreadTeam team(2);
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    if (!kernels::force_isa(static_cast<kernels::Isa>(level))) continue;
    const auto encoder = load_encoder(*weights, team, {.compute = ComputeMode::exact});
    const auto results = encode(*encoder, golden.texts);
    for (size_t i = 0; i < results.size(); ++i) {
      EXPECT_LT(largest_difference(golden.texts[i].result, results[i]), golden.tolerance) << level << " text " << i;
    }
  }
  kernels::force_isa(kernels::best_isa());
}

// The same bits, whatever else is in the batch.
TEST_P(TinyEncoders, DeterministicIsAloneAsBatched) {
  const Golden golden = read_golden(GetParam());
  const auto weights = open_weights(kEncoders + GetParam(), naming_rules());
  ThreadTeam team(2);
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    if (!kernels::force_isa(static_cast<kernels::Isa>(level))) continue;
    for (const WeightType type : {WeightType::as_stored, WeightType::bf16, WeightType::int8}) {
      const auto encoder = load_encoder(*weights, team, {.weights = type, .is_deterministic = true});
      std::vector<Text> many;
      for (int i = 0; i < 12; ++i) many.insert(many.end(), golden.texts.begin(), golden.texts.end());
      const auto batched = encode(*encoder, many);
      const auto alone = encode_alone(*encoder, golden.texts);
      for (size_t i = 0; i < batched.size(); ++i) {
        EXPECT_EQ(batched[i], alone[i % alone.size()]) << level << " " << weight_type_name(type) << " text " << i;
      }
    }
  }
  kernels::force_isa(kernels::best_isa());
}

// Fast mode computes the same but for what it rounds; these models are small and wild, so rounding shows.
TEST_P(TinyEncoders, FastIsNearExact) {
  const Golden golden = read_golden(GetParam());
  const auto weights = open_weights(kEncoders + GetParam(), naming_rules());
  ThreadTeam team(2);
  for (int level = 0; level < kernels::kIsaCount; ++level) {
    if (!kernels::force_isa(static_cast<kernels::Isa>(level))) continue;
    for (const auto& [type, bound] :
         {std::pair(WeightType::as_stored, 0.05), {WeightType::bf16, 0.05}, {WeightType::int8, 0.15}}) {
      const auto encoder = load_encoder(*weights, team, {.weights = type});
      for (const auto& results : {encode(*encoder, golden.texts), encode_alone(*encoder, golden.texts)}) {
        for (size_t i = 0; i < results.size(); ++i) {
          EXPECT_LT(relative_difference(golden.texts[i].result, results[i]), bound)
              << level << " " << weight_type_name(type) << " text " << i;
        }
      }
    }
  }
  kernels::force_isa(kernels::best_isa());
}

// A scratch serves batches of any size up to its own, in any order.
TEST_P(TinyEncoders, AScratchIsUsedAgain) {
  const Golden golden = read_golden(GetParam());
  const auto weights = open_weights(kEncoders + GetParam(), naming_rules());
  ThreadTeam team(1);
  const auto encoder = load_encoder(*weights, team, {.compute = ComputeMode::exact});
  const auto scratch = encoder->make_scratch(4000, 200);
  std::vector<Text> many;
  for (int i = 0; i < 20; ++i) many.insert(many.end(), golden.texts.rbegin(), golden.texts.rend());
  encode(*encoder, many, scratch.get());
  for (const Text& text : golden.texts) {
    const auto result = encode(*encoder, {text}, scratch.get()).front();
    EXPECT_LT(largest_difference(text.result, result), golden.tolerance);
  }
}

TEST(TinyEncodersList, HasEveryFamilyAndGgufArchitecture) {
  std::set<std::string> families, architectures;
  for (const EncoderFamily* family : encoder_families()) {
    families.emplace(family->name);
    for (const GgufArchitecture& gguf : family->naming.gguf) architectures.emplace(gguf.architecture);
  }
  for (const std::string& name : names_of(".json")) {
    families.erase(describe_encoder(*open_weights(kEncoders + name, naming_rules())).family);
  }
  for (const std::string& name : names_of(".gguf")) {
    architectures.erase(architecture_of(*open_weights(kEncoders + name + ".gguf", naming_rules())));
  }
  EXPECT_EQ(families, std::set<std::string>{});
  EXPECT_EQ(architectures, std::set<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(All, TinyEncoders, testing::ValuesIn(names_of(".json")),
                         [](const auto& info) { return info.param; });
INSTANTIATE_TEST_SUITE_P(All, TinyEncoderFiles, testing::ValuesIn(names_of(".gguf")),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace estoc
