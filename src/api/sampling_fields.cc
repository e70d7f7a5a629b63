#include "api/sampling_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "api/client_name.h"
#include "api/errors.h"

namespace estoc::api {
namespace {

constexpr int64_t kIntMax = std::numeric_limits<int>::max();

int vocab_count(const ServedModel& model) { return model.info.vocab; }

std::optional<uint64_t> read_seed(Fields& fields) {
  const Json* value = fields.find("seed");
  if (value == nullptr) return {};
  if (!value->is_int()) fields.refuse("seed", fmt::format("expected an integer, got {}", value->type_name()));
  return value->as_double() < 0 ? static_cast<uint64_t>(value->as_int()) : value->as_uint();
}

StopStrings read_stops(Fields& fields) {
  const Json* value = fields.find("stop");
  if (value == nullptr) return {};
  std::vector<std::string> stops;
  const auto add = [&](const Json& item, const std::string& path) {
    if (!item.is_string()) refuse_field(path, fmt::format("expected a string, got {}", item.type_name()));
    const std::string& text = item.as_string();
    if (text.empty()) refuse_field(path, "a stop string cannot be empty");
    if (text.size() > limits::kStopBytesMax) {
      refuse_field(path, fmt::format("expected at most {} bytes, got {}", limits::kStopBytesMax, text.size()));
    }
    stops.push_back(text);
  };
  if (value->is_string()) {
    add(*value, fields.path("stop"));
    return stops;
  }
  if (!value->is_array()) {
    fields.refuse("stop", fmt::format("expected a string or an array of strings, got {}", value->type_name()));
  }
  const Json::Array& items = value->as_array();
  if (items.size() > limits::kStopsMax) {
    fields.refuse("stop", fmt::format("expected at most {} strings, got {}", limits::kStopsMax, items.size()));
  }
  for (size_t i = 0; i < items.size(); ++i) add(items[i], fmt::format("{}[{}]", fields.path("stop"), i));
  return stops;
}

std::vector<std::pair<TokenId, float>> read_logit_bias(Fields& fields, const ServedModel& model) {
  const Json* value = fields.find("logit_bias");
  if (value == nullptr) return {};
  if (!value->is_object()) {
    fields.refuse("logit_bias", fmt::format("expected an object of token ids, got {}", value->type_name()));
  }
  const Json::Object& items = value->as_object();
  if (items.size() > limits::kLogitBiasMax) {
    fields.refuse("logit_bias",
                  fmt::format("expected at most {} token ids, got {}", limits::kLogitBiasMax, items.size()));
  }
  std::vector<std::pair<TokenId, float>> biases;
  for (const auto& [key, bias] : items) {
    const std::string path = fmt::format("{}.{}", fields.path("logit_bias"), key);
    TokenId id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0 || id >= vocab_count(model)) {
      refuse_field(path, fmt::format("expected a token id from 0 to {}", vocab_count(model) - 1));
    }
    if (!bias.is_number()) refuse_field(path, fmt::format("expected a number, got {}", bias.type_name()));
    const double number = bias.as_double();
    if (!(number >= -100 && number <= 100)) {
      refuse_field(path, fmt::format("expected a number from -100 to 100, got {}", number));
    }
    biases.emplace_back(id, static_cast<float>(number));
  }
  return biases;
}

// The request's number, else the model's, else OpenAI's.
float choose(std::optional<double> asked, std::optional<float> model_default, float openai_default) {
  if (asked) return static_cast<float>(*asked);
  return model_default.value_or(openai_default);
}

SamplingParams read_sampling(Fields& fields, const ServedModel& model) {
  const GenerationDefaults& defaults = model.defaults;
  SamplingParams sampling;
  sampling.temperature = choose(fields.number("temperature", 0, 100), defaults.temperature, 1.0f);
  sampling.top_p = choose(fields.number("top_p", 0, 1), defaults.top_p, 1.0f);
  sampling.min_p = choose(fields.number("min_p", 0, 1), defaults.min_p, 0.0f);
  // -1 is another spelling of "all" among clients.
  const auto top_k = fields.integer("top_k", -1, kIntMax);
  sampling.top_k = std::max(0, top_k ? static_cast<int>(*top_k) : defaults.top_k.value_or(0));
  sampling.repetition_penalty =
      choose(fields.number("repetition_penalty", 0.01, 100), defaults.repetition_penalty, 1.0f);
  sampling.presence_penalty = choose(fields.number("presence_penalty", -2, 2), {}, 0.0f);
  sampling.frequency_penalty = choose(fields.number("frequency_penalty", -2, 2), {}, 0.0f);
  sampling.seed = read_seed(fields);
  sampling.logit_bias = read_logit_bias(fields, model);
  return sampling;
}

void read_stream_options(Fields& fields, GenerationFields& read) {
  const Json* value = fields.find("stream_options");
  if (value == nullptr) return;
  Fields options(*value, fields.path("stream_options"));
  if (!read.is_stream) fields.refuse("stream_options", "only allowed when stream is true");
  read.include_usage = options.boolean("include_usage").value_or(false);
  if (options.boolean("continuous_usage_stats").value_or(false)) {
    throw Error(ErrorCode::unsupported, "stream_options.continuous_usage_stats: not supported",
                "stream_options.continuous_usage_stats");
  }
}

}  // namespace

std::vector<TokenId> read_token_ids(const Json& value, const std::string& path, const ServedModel& model,
                                    size_t count_max) {
  if (!value.is_array()) refuse_field(path, fmt::format("expected an array of token ids, got {}", value.type_name()));
  const Json::Array& items = value.as_array();
  if (items.size() > count_max) {
    refuse_field(path, fmt::format("expected at most {} token ids, got {}", count_max, items.size()));
  }
  const int count = vocab_count(model);
  std::vector<TokenId> ids;
  ids.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i) {
    const bool is_id = items[i].is_int() && items[i].as_double() >= 0 && items[i].as_double() < count;
    if (!is_id) {
      const std::string got = items[i].is_int() ? to_json(items[i]) : items[i].type_name();
      refuse_field(fmt::format("{}[{}]", path, i),
                   fmt::format("expected a token id from 0 to {}, got {}", count - 1, got));
    }
    ids.push_back(static_cast<TokenId>(items[i].as_int()));
  }
  return ids;
}

std::optional<int> read_tokens_max(Fields& fields, std::string_view name, int least, const ServedModel& model) {
  const auto asked = fields.integer(name, std::numeric_limits<int64_t>::min());
  if (!asked) return {};
  if (*asked == -1) return model.context;
  if (*asked < least) {
    fields.refuse(name, fmt::format("expected an integer of at least {}, or -1 for no limit but the context, got {}",
                                    least, *asked));
  }
  return static_cast<int>(std::min<int64_t>(*asked, model.context));
}

GenerationFields read_generation_fields(Fields& fields, const ServedModel& model, const Call& call,
                                        int tokens_max_least) {
  GenerationFields read;
  read.sampling = read_sampling(fields, model);
  read.tokens_max = read_tokens_max(fields, "max_tokens", tokens_max_least, model);
  read.tokens_min = static_cast<int>(fields.integer("min_tokens", 0, kIntMax).value_or(0));
  if (read.tokens_max && read.tokens_min > *read.tokens_max) {
    fields.refuse("min_tokens",
                  fmt::format("expected at most max_tokens ({}), got {}", *read.tokens_max, read.tokens_min));
  }
  if (const Json* ids = fields.find("stop_token_ids")) {
    read.stop_tokens = read_token_ids(*ids, fields.path("stop_token_ids"), model, limits::kStopTokensMax);
  }
  read.stops = read_stops(fields);
  read.ignore_end = fields.boolean("ignore_eos").value_or(false);
  read.include_stop = fields.boolean("include_stop_str_in_output").value_or(false);
  read.skip_special = fields.boolean("skip_special_tokens").value_or(true);
  read.choices = static_cast<int>(fields.integer("n", 1, limits::kChoicesMax).value_or(1));
  read.is_stream = fields.boolean("stream").value_or(false);
  read_stream_options(fields, read);
  static_cast<ServingFields&>(read) = read_serving_fields(fields, call);
  read.cache_salt = cache_salt(read.client, read_bounded_string(fields, "cache_salt", limits::kCacheSaltBytesMax));
  read.include_timings = fields.boolean("timings").value_or(false);
  return read;
}

}  // namespace estoc::api
