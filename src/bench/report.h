// Results as text: rows of JSON objects with the same keys, written as a table, JSON, CSV or Markdown. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace estoc {

enum class ReportFormat { table, json, csv, md };

// "table", "json", "csv" or "md"; throws Error{invalid_argument}.
ReportFormat parse_report_format(std::string_view name);

// What a person sees of a row; json and csv carry every key.
struct ReportColumn {
  std::string_view key;
  std::string_view title;
  int decimals = -1;  // of numbers that are not integers; -1 for as many as they have
};

// All rows must be objects with the keys of the first, in its order; values are strings, numbers, booleans, null or, in
// json only, arrays. Ends with a newline. Null is empty in table, csv and md.
std::string write_report(ReportFormat format, const std::vector<ReportColumn>& columns, const Json::Array& rows);

}  // namespace estoc
