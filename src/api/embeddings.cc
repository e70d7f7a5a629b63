// POST /v1/embeddings
#include <fmt/format.h>

#include <span>

#include "api/encoding.h"
#include "api/endpoints.h"
#include "api/job_texts.h"
#include "api/pick_model.h"
#include "api/unsupported_fields.h"
#include "api/vector_text.h"
#include "base/error.h"
#include "base/json.h"

namespace estoc::api {
namespace {

const std::vector<UnsupportedField>& unsupported_fields() {
  // What other servers put before a text or make of its vector: without it vectors would be others in silence.
  static const std::vector<UnsupportedField> kFields = {
      {"messages", {}},      {"prompt_name", {}},    {"instruction", {}},          {"input_type", {}},
      {"task", {}},          {"task_type", {}},      {"late_chunking", {}},        {"embedding_type", {"float"}},
      {"normalize", {true}}, {"normalized", {true}}, {"embed_dtype", {"float32"}}, {"output_dtype", {"float"}},
  };
  return kFields;
}

bool is_base64(Fields& fields) {
  const std::string format = fields.string("encoding_format").value_or("float");
  if (format != "float" && format != "base64") {
    fields.refuse("encoding_format", fmt::format("expected \"float\" or \"base64\", got \"{}\"", format));
  }
  return format == "base64";
}

// A string, a list of strings, a list of token ids or a list of such lists.
void read_input(Fields& fields, JobTexts& texts) {
  const Json* value = fields.find("input");
  const std::string path = fields.path("input");
  if (value == nullptr) refuse_field(path, "missing");
  if (value->is_string()) return texts.add(value->as_string(), path);
  if (!value->is_array()) {
    refuse_field(path, fmt::format("expected a string or an array, got {}", value->type_name()));
  }
  const Json::Array& items = value->as_array();
  if (!items.empty() && items.front().is_number()) return texts.add_ids(*value, path);
  if (items.size() > limits::kTextsMax) {
    refuse_field(path, fmt::format("expected at most {} texts, got {}", limits::kTextsMax, items.size()));
  }
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = fmt::format("{}[{}]", path, i);
    if (items[i].is_string()) {
      texts.add(items[i].as_string(), item);
    } else if (items[i].is_array()) {
      texts.add_ids(items[i], item);
    } else {
      refuse_field(item, fmt::format("expected a string or an array of token ids, got {}", items[i].type_name()));
    }
  }
}

// How the vectors of one answer are written.
struct VectorFormat {
  std::string model;
  size_t outputs = 0, dimensions = 0;
  bool is_base64 = false, is_normalized = false;
  size_t tokens = 0;

  std::string write(std::span<const float> results) const;
};

std::string VectorFormat::write(std::span<const float> results) const {
  const size_t count = results.size() / outputs;
  std::string out = R"({"object":"list","data":[)";
  out.reserve(out.size() + count * (64 + dimensions * (is_base64 ? 6 : 13)));
  std::vector<float> vector;
  for (size_t i = 0; i < count; ++i) {
    const std::span<const float> whole = results.subspan(i * outputs, outputs);
    vector.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(dimensions));
    if (dimensions < outputs && is_normalized) normalize(vector);
    out += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":)", i == 0 ? "" : ",", i);
    is_base64 ? append_base64(out, vector) : append_numbers(out, vector);
    out += '}';
  }
  out += R"(],"model":)";
  append_json_string(out, model);
  out += fmt::format(R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", tokens);
  return out;
}

}  // namespace

Answer embeddings(const Models& models, const Call& call) {
  const Json body = parse_body(call.body);
  Fields fields(body);
  const ServedModel& model = pick_embedder(fields, models);
  check_unsupported(fields, unsupported_fields());
  const EncoderInfo& info = model.encoder->info();
  VectorFormat format{.model = model.name,
                      .outputs = static_cast<size_t>(info.outputs),
                      .is_base64 = is_base64(fields),
                      .is_normalized = info.is_normalized};
  format.dimensions = static_cast<size_t>(fields.integer("dimensions", 1, info.outputs).value_or(info.outputs));
  const ServingFields serving = read_serving_fields(fields, call);
  JobTexts texts(model, read_text_cut(fields, model), fields.boolean("add_special_tokens").value_or(true));
  read_input(fields, texts);
  fields.log_unread("/v1/embeddings");
  format.tokens = texts.token_count();
  return std::make_unique<Encoding>(model, texts.take_job(serving, "input"),
                                    [format](std::span<const float> results) { return format.write(results); });
}

}  // namespace estoc::api
