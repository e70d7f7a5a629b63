#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "base/json.h"

namespace estoc::api {
namespace {

class StepKeeper : public Generator {
 public:
  SubmitResult submit(Request, EventSink) override { return {}; }
  void cancel(RequestId) override {}
  void complete(RequestId) override {}
  std::optional<std::vector<StepRecord>> last_steps() const override { return steps; }

  std::optional<std::vector<StepRecord>> steps;
};

Reply ask(Generator& generator) {
  ServedModel model;
  model.name = "tiny";
  model.generator = &generator;
  return std::get<Reply>(debug_steps(Models({model}), Call{}));
}

TEST(DebugSteps, AreThoseOfEachModel) {
  StepKeeper keeper;
  StepRecord record{.number = 7, .sequences = 3, .decodes = 2, .running = 4, .waiting = 1};
  record.work.rows = 34;
  record.foreseen_s = 0.01, record.took_s = 0.02;
  keeper.steps = {record};
  const Reply reply = ask(keeper);
  EXPECT_EQ(reply.status, 200);
  const Json json = parse_json(reply.body);
  const Json& model = json.find("models")->as_array().at(0);
  EXPECT_EQ(model.find("model")->as_string(), "tiny");
  const Json& step = model.find("steps")->as_array().at(0);
  EXPECT_EQ(step.find("step")->as_int(), 7);
  EXPECT_EQ(step.find("rows")->as_int(), 34);
  EXPECT_EQ(step.find("decodes")->as_int(), 2);
  EXPECT_DOUBLE_EQ(step.find("foreseen_ms")->as_double(), 10);
  EXPECT_DOUBLE_EQ(step.find("took_ms")->as_double(), 20);
}

TEST(DebugSteps, AreNotFoundUnlessAskedFor) {
  StepKeeper keeper;
  const Reply reply = ask(keeper);
  EXPECT_EQ(reply.status, 404);
  EXPECT_NE(reply.body.find("--debug-steps"), std::string::npos);
}

}  // namespace
}  // namespace estoc::api
