// POST /v1/rerank, /v2/rerank and /rerank: documents in the order of what they have to do with a query.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "api/encoding.h"
#include "api/endpoints.h"
#include "api/pair_scores.h"
#include "api/pick_model.h"
#include "api/unsupported_fields.h"
#include "api/vector_text.h"
#include "base/json.h"

namespace estoc::api {
namespace {

const std::vector<UnsupportedField>& unsupported_fields() {
  static const std::vector<UnsupportedField> kFields = {
      {"max_tokens_per_doc", {}}, {"max_chunks_per_doc", {}}, {"rank_fields", {}},
      {"return_embeddings", {}},  {"instruction", {}},        {"mm_processor_kwargs", {}},
  };
  return kFields;
}

std::vector<GivenText> read_documents(Fields& fields, const char* name) {
  const Json::Array* items = fields.array(name, limits::kTextsMax);
  if (items == nullptr) fields.refuse(name, "missing");
  if (items->empty()) fields.refuse(name, "expected at least one text");
  std::vector<GivenText> documents;
  for (size_t i = 0; i < items->size(); ++i) {
    documents.push_back(read_given_text((*items)[i], fmt::format("{}[{}]", fields.path(name), i)));
  }
  return documents;
}

GivenText read_query(Fields& fields) {
  const Json* query = fields.find("query");
  if (query == nullptr) fields.refuse("query", "missing");
  return read_given_text(*query, fields.path("query"));
}

// What of an answer does not depend on the scores.
struct RerankFormat {
  bool is_tei = false;  // a list, as text-embeddings-inference answers who sends `texts`
  std::string id, model;
  size_t tokens = 0;
  size_t count_max = 0;
  std::vector<std::string> texts;  // of the documents; empty where they are not sent back

  std::string write(const std::vector<float>& scores) const;
  void append_entry(std::string& out, size_t index, float score) const;
};

void RerankFormat::append_entry(std::string& out, size_t index, float score) const {
  out += fmt::format(R"({{"index":{},)", index);
  if (!texts.empty()) {
    out += is_tei ? R"("text":)" : R"("document":{"text":)";
    append_json_string(out, texts[index]);
    out += is_tei ? "," : "},";
  }
  out += is_tei ? R"("score":)" : R"("relevance_score":)";
  append_number(out, score);
  out += '}';
}

std::string RerankFormat::write(const std::vector<float>& scores) const {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  order.resize(std::min(order.size(), count_max));
  std::string out;
  if (!is_tei) {
    out = R"({"id":)";
    append_json_string(out, id);
    out += R"(,"model":)";
    append_json_string(out, model);
    out += fmt::format(R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}},"results":)", tokens);
  }
  out += '[';
  for (const size_t index : order) {
    if (out.back() != '[') out += ',';
    append_entry(out, index, scores[index]);
  }
  out += is_tei ? "]" : "]}";
  return out;
}

}  // namespace

Answer rerank(const Models& models, const Call& call) {
  const Json body = parse_body(call.body);
  Fields fields(body);
  const ServedModel& model = pick_scorer(fields, models);
  check_unsupported(fields, unsupported_fields());
  RerankFormat format{.id = "rerank-" + call.id, .model = model.name};
  format.is_tei = fields.find("texts") != nullptr;
  const ServingFields serving = read_serving_fields(fields, call);
  const ScoreOptions options = read_score_options(fields, model);
  const GivenText query = read_query(fields);
  const std::vector<GivenText> documents = read_documents(fields, format.is_tei ? "texts" : "documents");
  format.count_max = static_cast<size_t>(fields.integer("top_n", 0).value_or(0));
  if (format.count_max == 0) format.count_max = documents.size();  // 0 is all to vLLM's clients
  const bool returns_text =
      format.is_tei ? fields.boolean("return_text").value_or(false) : fields.boolean("return_documents").value_or(true);
  if (returns_text) {
    for (const GivenText& document : documents) format.texts.emplace_back(document.text);
  }
  fields.log_unread("/v1/rerank");
  ScoreJob job = make_score_job(model, {query}, documents, options, serving);
  format.tokens = job.tokens;
  return std::make_unique<Encoding>(model, std::move(job.job),
                                    [format = std::move(format), scores = std::move(job.scores)](
                                        std::span<const float> results) { return format.write(scores(results)); });
}

}  // namespace estoc::api
