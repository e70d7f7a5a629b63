#include "api/prometheus_text.h"

#include <fmt/format.h>

#include <iterator>

namespace estoc::api {
namespace {

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty() && out.back() != '{') out += ',';
  out += name;
  out += "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void PrometheusText::set_common_labels(MetricLabels common) {
  common_.clear();
  for (const auto& [name, value] : common) append_label(common_, name, value);
}

void PrometheusText::open(std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void PrometheusText::append_name(std::string_view name, std::string_view suffix, MetricLabels labels) {
  text_ += name;
  text_ += suffix;
  std::string all = common_;
  for (const auto& [label, value] : labels) append_label(all, label, value);
  if (!all.empty()) text_ += '{' + all + '}';
  text_ += ' ';
}

void PrometheusText::sample(std::string_view name, MetricLabels labels, uint64_t value) {
  append_name(name, "", labels);
  text_ += std::to_string(value) + '\n';
}

void PrometheusText::sample(std::string_view name, MetricLabels labels, double value) {
  append_name(name, "", labels);
  text_ += fmt::format("{}\n", value);
}

void PrometheusText::histogram(std::string_view name, const Histogram& values) {
  uint64_t cumulative = 0;
  for (size_t i = 0; i < values.bounds().size(); ++i) {
    cumulative += values.counts()[i];
    append_name(name, "_bucket", {{"le", fmt::format("{}", values.bounds()[i])}});
    text_ += std::to_string(cumulative) + '\n';
  }
  append_name(name, "_bucket", {{"le", "+Inf"}});
  text_ += std::to_string(values.count()) + '\n';
  append_name(name, "_sum", {});
  text_ += fmt::format("{}\n", values.sum());
  append_name(name, "_count", {});
  text_ += std::to_string(values.count()) + '\n';
}

}  // namespace estoc::api
