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
  // `common` labels belong to every sample of families opened from now on.
  void set_common_labels(MetricLabels common);

  // A family of one sample.
  void gauge(std::string_view name, std::string_view help, double value);
  void counter(std::string_view name, std::string_view help, uint64_t value);  // name ends in "_total"
  // One without bounds has only the bucket of everything.
  void histogram(std::string_view name, std::string_view help, const Histogram& values);

  // A family of several samples that differ in their labels.
  void open(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view name, MetricLabels labels, uint64_t value);

  std::string take() { return std::move(text_); }

 private:
  void append_name(std::string_view name, std::string_view suffix, MetricLabels labels);

  std::string common_;  // escaped: a="b",c="d"
  std::string text_;
};

}  // namespace estoc::api
