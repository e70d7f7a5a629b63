// A served encoder for tests: one token a byte, results as encoding/test_fake_encoder.h has them. For tests only.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/errors.h"
#include "api/test_fake_model.h"
#include "encoding/test_fake_encoder.h"

namespace estoc::api {

struct FakeEncoderModel {
  FakeModel model;  // its tokenizer and names
  FakeEncoder encoder;
  EncodingEngine engine;

  explicit FakeEncoderModel(int outputs = 4, EncoderInfo::Task task = EncoderInfo::Task::embed)
      : encoder(outputs, task), engine(encoder, {}) {
    model.served.prompts = nullptr;
    model.served.encoder = &engine;
    model.served.context = engine.tokens_max();
    model.served.info.vocab = encoder.info().vocab;
    model.served.text_bytes_max = 200;
  }

  // What the endpoint makes of a body, computed at once. `results` may stand in for the encoder's.
  Reply ask(EndpointHandler endpoint, const std::string& body, const std::vector<float>& results = {}) {
    const Call call = call_with(body);
    try {
      Answer answer = endpoint(model.models(), call);
      const auto& encoding = std::get<std::unique_ptr<Encoding>>(answer);
      job = encoding->take_job();
      EncodeOutcome outcome{.results = results};
      if (results.empty()) outcome.results = compute(job);
      EXPECT_EQ(outcome.results.size(), encoding->number_count());
      return encoding->reply(outcome);
    } catch (const Error& error) {
      return error_reply(error);
    }
  }

  std::vector<float> compute(const EncodeJob& asked) const {
    std::vector<float> all;
    size_t first = 0;
    for (const int length : asked.lengths) {
      const size_t last = first + static_cast<size_t>(length);
      const auto part = [&](const auto& list) {
        using List = std::decay_t<decltype(list)>;
        return list.empty() ? List() : List(&list[first], &list[0] + last);
      };
      const std::vector<float> values = encoder.alone(part(asked.tokens), part(asked.segments));
      all.insert(all.end(), values.begin(), values.end());
      first = last;
    }
    return all;
  }

  EncodeJob job;  // of the last ask()
};

// "param: message" of a refusal.
inline std::string refusal_of(const Reply& reply) {
  EXPECT_EQ(reply.status, 400) << reply.body;
  const Json body = parse_json(reply.body);
  const Json& error = *body.find("error");
  const Json& param = *error.find("param");
  return (param.is_null() ? "" : param.as_string() + " | ") + error.find("message")->as_string();
}

}  // namespace estoc::api
