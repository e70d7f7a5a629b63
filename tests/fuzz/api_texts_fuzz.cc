// Any bytes as a request body of the endpoints that an encoder answers: refused with a status and a message of sane
// size, or turned into a job that the engine takes, whose results become valid JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>
#include <vector>

#include "api/endpoints.h"
#include "api/errors.h"
#include "api/test_fake_model.h"
#include "base/error.h"
#include "base/limits.h"
#include "encoding/test_fake_encoder.h"

namespace estoc::api {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

// A served encoder, and the tokenizer and the engine that it is made of.
struct Served {
  FakeModel model;
  FakeEncoder encoder;
  EncodingEngine engine;

  Served(int outputs, EncoderInfo::Task task) : encoder(outputs, task), engine(encoder, {}) {
    model.served.encoder = &engine;
    model.served.context = engine.tokens_max();
    model.served.info.vocab = encoder.info().vocab;
    model.served.text_bytes_max = 300;
    model.tokenizer.has_bos = model.tokenizer.has_eos = true;
  }
};

const Models& models(bool scores) {
  static Served embedder(4, EncoderInfo::Task::embed), scorer(1, EncoderInfo::Task::score);
  static const Models embedders({embedder.model.served}), scorers({scorer.model.served});
  return scores ? scorers : embedders;
}

void check_refusal(const Error& error) {
  const Reply reply = error_reply(error);
  require(reply.status == 400 || reply.status == 404);
  require(reply.body.size() < 8 * (limits::kErrorBytesMax + limits::kErrorParamBytesMax));  // escaped at worst
  require(!parse_json(reply.body).find("error")->find("message")->as_string().empty());
}

void check_job(const EncodeJob& job, const EncodingEngine& engine) {
  require(!job.lengths.empty() && job.lengths.size() <= 2 * limits::kTextsMax);
  size_t tokens = 0;
  for (const int length : job.lengths) {
    require(length >= 1 && length <= engine.tokens_max());
    tokens += static_cast<size_t>(length);
  }
  require(tokens == job.tokens.size() && tokens <= limits::kTextTokensMax);
  require(job.segments.empty() || job.segments.size() == tokens);
  for (const TokenId token : job.tokens) require(token >= 0 && token < engine.info().vocab);
}

// One input: its first byte chooses endpoint and model, the rest is the body.
void try_request(std::string_view input) {
  static constexpr EndpointHandler kEndpoints[] = {embeddings, rerank, score};
  const auto choice = static_cast<unsigned char>(input[0]);
  const Models& served = models(choice / 3 % 2 == 1);
  std::unique_ptr<Encoding> encoding;
  try {
    const Call call = call_with(input.substr(1));
    encoding = std::move(std::get<std::unique_ptr<Encoding>>(kEndpoints[choice % 3](served, call)));
  } catch (const Error& error) {
    return check_refusal(error);
  }
  check_job(encoding->take_job(), *encoding->model().encoder);
  EncodeOutcome outcome;
  outcome.results.resize(encoding->number_count());
  for (size_t i = 0; i < outcome.results.size(); ++i) outcome.results[i] = static_cast<float>(input[i % input.size()]);
  const Reply reply = encoding->reply(outcome);
  require(reply.status == 200);
  parse_json(reply.body);
}

}  // namespace
}  // namespace estoc::api

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) estoc::api::try_request({reinterpret_cast<const char*>(data), size});
  return 0;
}
