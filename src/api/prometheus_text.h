// Writes metrics in Prometheus' text format, version 0.0.4.
//
// What: families in the order they are opened, each with its help and type, then its samples. Names and help are ours
// and need no escaping; label values are escaped. Threads: one at a time. Nothing throws.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.h"

namespace estoc::api {

using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline constexpr const char* kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

class PrometheusText {
 public:
  // Starts a family; its samples follow, and differ in their labels. A counter's name ends in "_total".
  void open(std::string_view name, std::string_view type, std::string_view help);

  // `common` labels belong to every sample from now on.
  void set_common_labels(MetricLabels common);
  void sample(std::string_view name, MetricLabels labels, uint64_t value);
  void sample(std::string_view name, MetricLabels labels, double value);
  // All samples of one histogram; one without bounds has only the bucket of everything.
  void histogram(std::string_view name, const Histogram& values);

  std::string take() { return std::move(text_); }

 private:
  void append_name(std::string_view name, std::string_view suffix, MetricLabels labels);

  std::string common_;  // escaped: a="b",c="d"
  std::string text_;
};

}  // namespace estoc::api
