// A real tiny encoder beside a real tiny model.
#include "serving/served_encoder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "base/test_directory.h"
#include "serving/api_models.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

const std::string kGolden = ESTOC_SOURCE_DIR "/tests/golden/";

// The words are "w5" and so on, each the token of that number; those before are special.
std::string tokenizer_json() {
  std::string vocab = R"("[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4)";
  for (int id = 5; id < 96; ++id) vocab += ",\"w" + std::to_string(id) + "\":" + std::to_string(id);
  return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,)"
         R"("pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,)"
         R"("model":{"type":"WordLevel","vocab":{)" +
         vocab + R"(},"unk_token":"[UNK]"}})";
}

class ServedEncoderTest : public testing::Test {
 protected:
  ServedEncoderTest() {
    std::filesystem::copy(kGolden + "encoders/minilm_like", folder(), std::filesystem::copy_options::recursive);
    directory_.write("minilm/tokenizer.json", tokenizer_json());
  }
  std::string folder() const { return directory_.path() + "/minilm"; }
  ModelSettings settings() const {
    ModelSettings settings;
    settings.model = folder();
    settings.is_deterministic = true;
    settings.pack_place = PackPlace::nowhere;
    settings.engine.context = 32;
    return settings;
  }

  TemporaryDirectory directory_;
};

std::vector<float> vector_of(const ServedEncoder& served, std::string_view text) {
  EncodeJob job;
  job.tokens = served.checkpoint.tokenizer->encode(text, {});
  job.lengths = {static_cast<int>(job.tokens.size())};
  std::promise<std::vector<float>> promise;
  served.engine->submit(std::move(job),
                        [&](EncodeOutcome&& outcome) { promise.set_value(std::move(outcome.results)); });
  return promise.get_future().get();
}

TEST_F(ServedEncoderTest, RunsBesideAModelThatGenerates) {
  ModelSettings generator;
  generator.model = kGolden + "models/llama2_like";
  generator.pack_place = PackPlace::nowhere;
  generator.engine.sequences_max = 2;
  const Runtime runtime({.threads = 2}, {settings(), generator}, {});
  EXPECT_EQ(runtime.names(), (std::vector<std::string>{"minilm", "llama2_like"}));
  ASSERT_EQ(runtime.models().size(), 1u);
  ASSERT_EQ(runtime.encoders().size(), 1u);
  EXPECT_EQ(&runtime.first(), runtime.models()[0].get());
  const ServedEncoder& served = *runtime.encoders()[0];
  EXPECT_EQ(served.engine->tokens_max(), 32);
  const std::vector<float> vector = vector_of(served, "w7 w8");
  ASSERT_EQ(vector.size(), 64u);
  double length = 0;
  for (const float value : vector) length += double(value) * value;
  EXPECT_NEAR(length, 1, 1e-4);

  const ApiModels models(runtime, "test");
  ASSERT_EQ(models.list().list().size(), 2u);
  const api::ServedModel& first = models.list().list()[0];
  EXPECT_EQ(first.name, "minilm");
  EXPECT_EQ(first.task(), api::ModelTask::embed);
  EXPECT_EQ(first.context, 32);
  EXPECT_EQ(first.info.vocab, 96);
  EXPECT_EQ(first.stats().texts->computed, 1u);
  EXPECT_EQ(models.list().list()[1].task(), api::ModelTask::generate);
}

TEST_F(ServedEncoderTest, AloneItGeneratesNothing) {
  const Runtime runtime({.threads = 1}, {settings()}, {});
  expect_refused(ErrorCode::unsupported, "minilm makes vectors of texts and generates no text",
                 [&] { runtime.first(); });
}

TEST_F(ServedEncoderTest, DevicesAreForOthers) {
  ModelSettings settings = this->settings();
  settings.device = "auto";
  EXPECT_NO_THROW(Runtime({.threads = 1}, {settings}, {}));
  settings.device = "emulator";
  expect_refused(ErrorCode::unsupported, "encoders are computed by CPUs only",
                 [&] { Runtime({.threads = 1}, {settings}, {}); });
  settings = this->settings();
  settings.places = {{"cpu", 0, 1}};
  expect_refused(ErrorCode::unsupported, "encoders are computed by CPUs only",
                 [&] { Runtime({.threads = 1}, {settings}, {}); });
}

TEST(EncoderPlan, SettingsThatAreOpenAreTheEnginesOwn) {
  const EncodingConfig open =
      plan_encoder({.engine = {.context = 0, .sequences_max = 0, .batch_tokens_max = 0, .target_tbt_s = 0}});
  const EncodingConfig own;
  EXPECT_EQ(open.batch_tokens_max, own.batch_tokens_max);
  EXPECT_EQ(open.batch_texts_max, own.batch_texts_max);
  EXPECT_EQ(open.target_batch_s, own.target_batch_s);
  const EncodingConfig asked = plan_encoder({.engine = {.context = 7,
                                                        .sequences_max = 8,
                                                        .batch_tokens_max = 9,
                                                        .queue_max = 10,
                                                        .target_tbt_s = 0.5,
                                                        .queue_work_max_s = 11,
                                                        .queue_timeout_s = 12}});
  EXPECT_EQ(asked.context, 7);
  EXPECT_EQ(asked.batch_texts_max, 8);
  EXPECT_EQ(asked.batch_tokens_max, 9);
  EXPECT_EQ(asked.queue_max, 10);
  EXPECT_EQ(asked.target_batch_s, 0.5);
  EXPECT_EQ(asked.queue_work_max_s, 11);
  EXPECT_EQ(asked.queue_timeout_s, 12);
}

TEST(EncoderOptions, RoundingIsNotExact) {
  expect_refused(ErrorCode::invalid_argument, "--weights int8 rounds, and --compute exact does not",
                 [] { encoder_options({.compute = ComputeMode::exact, .weights = WeightType::int8}); });
  EXPECT_EQ(encoder_options({.compute = ComputeMode::exact}).compute, ComputeMode::exact);
}

}  // namespace
}  // namespace estoc
