#include "report/points_json.h"

#include <cmath>
#include <utility>

#include "report/summary_table.h"

namespace estoc {
namespace {

// To a microsecond: more digits are noise and make big files.
Json rounded(double value) { return std::round(value * 1e6) / 1e6; }

void set_percentiles(Json& json, const std::string& name, const Percentiles& values, bool is_known) {
  for (const auto& [key, value] :
       {std::pair{"mean", values.mean}, std::pair{"p50", values.p50}, std::pair{"p90", values.p90},
        std::pair{"p95", values.p95}, std::pair{"p99", values.p99}, std::pair{"max", values.max}}) {
    json.set(name + "_" + key + "_s", is_known ? rounded(value) : Json());
  }
}

}  // namespace

Json point_json(const PointSummary& summary) {
  Json json;
  json.set("server", summary.server);
  json.set("load", summary.load);
  json.set("offered_rps", rounded(summary.offered_rps));
  json.set("duration_s", rounded(summary.duration_s));
  json.set("sent", summary.sent);
  json.set("ok", summary.ok);
  json.set("refused", summary.refused);
  json.set("failed", summary.failed);
  json.set("done_rps", rounded(summary.done_rps));
  json.set("goodput_rps", rounded(summary.goodput_rps));
  json.set("output_tps", rounded(summary.output_tps));
  json.set("total_tps", rounded(summary.total_tps));
  const bool is_known = summary.ok > 0;
  set_percentiles(json, "ttft", summary.ttft_s, is_known);
  set_percentiles(json, "tbt", summary.tbt_s, is_known);
  set_percentiles(json, "tpot", summary.tpot_s, is_known);
  set_percentiles(json, "e2e", summary.e2e_s, is_known);
  set_percentiles(json, "gap_max", summary.gap_max_s, is_known);
  json.set("prompt_tokens", summary.prompt_tokens);
  json.set("cached_tokens", summary.cached_tokens);
  json.set("output_tokens", summary.output_tokens);
  return json;
}

Json requests_json(const LoadPoint& point) {
  Json::Array requests;
  for (const RequestRecord& request : point.requests) {
    Json json;
    json.set("category", request.category);
    json.set("turn", request.turn);
    json.set("scheduled_s", rounded(request.scheduled_s));
    json.set("sent_s", rounded(request.sent_s));
    json.set("first_s", request.first_s < 0 ? Json() : rounded(request.first_s));
    json.set("end_s", rounded(request.end_s));
    json.set("status", request.status);
    json.set("error", request.error.empty() ? Json() : Json(request.error));
    json.set("prompt_tokens", request.prompt_tokens);
    json.set("cached_tokens", request.cached_tokens);
    json.set("output_tokens", request.output_tokens);
    Json::Array gaps;
    for (const double gap : request.gaps_s) gaps.push_back(rounded(gap));
    json.set("gaps_s", std::move(gaps));
    requests.push_back(std::move(json));
  }
  Json json;
  json.set("server", point.server);
  json.set("load", point.load);
  json.set("offered_rps", rounded(point.offered_rps));
  json.set("users", point.users);
  json.set("duration_s", rounded(point.duration_s));
  json.set("requests", std::move(requests));
  return json;
}

Json measurement_json(const std::vector<std::string>& command, const std::vector<PointSummary>& summaries,
                      const std::vector<LoadPoint>& points) {
  Json::Array rows, whole_points;
  for (const PointSummary& summary : summaries) rows.push_back(summary_row(summary));
  for (const LoadPoint& point : points) whole_points.push_back(requests_json(point));
  Json json;
  json.set("command", Json::Array(command.begin(), command.end()));
  json.set("summary", std::move(rows));
  json.set("points", std::move(whole_points));
  return json;
}

}  // namespace estoc
