// Real tiny models, loaded and asked.
#include "serving/runtime.h"

#include <gtest/gtest.h>

#include <future>

#include "base/error.h"

namespace estoc {
namespace {

const std::string kModels = ESTOC_SOURCE_DIR "/tests/golden/models/";

ModelSettings settings_of(const std::string& model, const std::string& name = "") {
  ModelSettings settings;
  settings.model = kModels + model;
  settings.name = name;
  settings.is_deterministic = true;
  settings.pack_place = PackPlace::nowhere;
  settings.engine.sequences_max = 2;
  return settings;
}

// Greedy tokens of an answer that is under way.
class Asked {
 public:
  explicit Asked(Served& served) {
    Request request;
    request.prompt = served.checkpoint.tokenizer->encode("The sea is", {});
    request.tokens_max = 12;
    request.ignore_end = true;
    request.sampling.temperature = 0;
    const SubmitResult result = served.engine->submit(std::move(request), [this](Event&& event) {
      if (event.token) tokens_.push_back(*event.token);
      if (event.finish) done_.set_value();
    });
    EXPECT_EQ(result.status, SubmitStatus::accepted);
  }
  std::vector<TokenId> tokens() {
    done_.get_future().wait();
    return tokens_;
  }

 private:
  std::vector<TokenId> tokens_;
  std::promise<void> done_;
};

TEST(Runtime, ModelsAnswerBesideEachOtherAsEachDoesAlone) {
  std::vector<std::string> told;
  const Runtime both({.threads = 3}, {settings_of("llama2_like"), settings_of("qwen3_like", "second")},
                     [&](const std::string& name, uint64_t done, uint64_t total) {
                       EXPECT_LE(done, total);
                       if (told.empty() || told.back() != name) told.push_back(name);
                     });
  ASSERT_EQ(both.models().size(), 2u);
  EXPECT_EQ(told, (std::vector<std::string>{"llama2_like", "second"}));
  EXPECT_EQ(&both.first(), both.models()[0].get());
  EXPECT_EQ(both.models()[0]->name, "llama2_like");
  EXPECT_EQ(both.models()[0]->team.thread_count(), 2);
  EXPECT_EQ(both.models()[1]->name, "second");
  EXPECT_EQ(both.models()[1]->team.thread_count(), 1);
  Asked first(*both.models()[0]), second(*both.models()[1]);
  const std::vector<TokenId> first_tokens = first.tokens(), second_tokens = second.tokens();
  EXPECT_EQ(first_tokens.size(), 12u);
  EXPECT_NE(first_tokens, second_tokens);
  EXPECT_EQ(Asked(Runtime({.threads = 1}, {settings_of("llama2_like")}, {}).first()).tokens(), first_tokens);
  EXPECT_EQ(Asked(Runtime({.threads = 1}, {settings_of("qwen3_like")}, {}).first()).tokens(), second_tokens);
}

std::string refusal(const std::vector<ModelSettings>& models, int* loaded) {
  try {
    const Runtime runtime({.threads = 1}, models, [&](const std::string&, uint64_t, uint64_t) { ++*loaded; });
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Runtime, WhatIsWrongWithTheLastIsToldBeforeTheFirstIsLoaded) {
  int loaded = 0;
  EXPECT_NE(refusal({settings_of("llama2_like"), settings_of("nothing")}, &loaded).find("no such model"),
            std::string::npos);
  EXPECT_EQ(refusal({settings_of("llama2_like", "x"), settings_of("qwen3_like", "x")}, &loaded),
            "two models are called 'x': give each a name of its own");
  EXPECT_EQ(loaded, 0);
}

}  // namespace
}  // namespace estoc
