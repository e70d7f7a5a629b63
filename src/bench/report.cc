#include "bench/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/error.h"

namespace estoc {
namespace {

std::string shown(const Json& value, int decimals) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.as_string();
  if (value.is_number() && !value.is_int() && decimals >= 0) return fmt::format("{:.{}f}", value.as_double(), decimals);
  return to_json(value);
}

std::string quoted_csv(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

std::string write_csv(const Json::Array& rows) {
  std::string out;
  const auto add_line = [&](const Json::Object& row, auto&& cell) {
    bool is_first = true;
    for (const auto& pair : row) {
      if (pair.second.is_array()) continue;
      if (!is_first) out += ',';
      is_first = false;
      out += quoted_csv(cell(pair));
    }
    out += '\n';
  };
  if (!rows.empty()) add_line(rows.front().as_object(), [](const auto& pair) { return pair.first; });
  for (const Json& row : rows) {
    add_line(row.as_object(), [](const auto& pair) { return shown(pair.second, -1); });
  }
  return out;
}

// One object a line, so that a diff of two reports can be read.
std::string write_json(const Json::Array& rows) {
  std::string out = "[";
  for (size_t i = 0; i < rows.size(); ++i) {
    out += i == 0 ? "\n " : ",\n ";
    append_json(out, rows[i]);
  }
  return out + (rows.empty() ? "]\n" : "\n]\n");
}

std::string write_cells(bool is_markdown, const std::vector<ReportColumn>& columns, const Json::Array& rows) {
  std::vector<std::vector<std::string>> lines(1);
  for (const ReportColumn& column : columns) lines[0].emplace_back(column.title);
  std::vector<bool> is_number(columns.size(), true);
  for (const Json& row : rows) {
    auto& line = lines.emplace_back();
    for (size_t c = 0; c < columns.size(); ++c) {
      const Json* value = row.find(columns[c].key);
      ESTOC_CHECK(value != nullptr);
      if (!value->is_number() && !value->is_null()) is_number[c] = false;
      line.push_back(shown(*value, columns[c].decimals));
    }
  }
  std::vector<size_t> widths(columns.size(), 3);
  for (const auto& line : lines) {
    for (size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string out;
  for (size_t l = 0; l < lines.size(); ++l) {
    std::string text = is_markdown ? "|" : "";
    for (size_t c = 0; c < columns.size(); ++c) {
      if (!is_markdown && c > 0) text += "  ";
      const std::string cell =
          is_number[c] ? fmt::format("{:>{}}", lines[l][c], widths[c]) : fmt::format("{:<{}}", lines[l][c], widths[c]);
      text += is_markdown ? " " + cell + " |" : cell;
    }
    if (!is_markdown) text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
    if (!is_markdown || l > 0) continue;
    out += "|";
    for (size_t c = 0; c < columns.size(); ++c) {
      out += std::string(widths[c] + 1, '-') + (is_number[c] ? ":|" : "-|");
    }
    out += "\n";
  }
  return out;
}

}  // namespace

ReportFormat parse_report_format(std::string_view name) {
  if (name == "table") return ReportFormat::table;
  if (name == "json") return ReportFormat::json;
  if (name == "csv") return ReportFormat::csv;
  if (name == "md") return ReportFormat::md;
  fail(ErrorCode::invalid_argument, "-o: '{}' is no output format; expected table, json, csv or md", name);
}

std::string write_report(ReportFormat format, const std::vector<ReportColumn>& columns, const Json::Array& rows) {
  switch (format) {
    case ReportFormat::json:
      return write_json(rows);
    case ReportFormat::csv:
      return write_csv(rows);
    default:
      return write_cells(format == ReportFormat::md, columns, rows);
  }
}

}  // namespace estoc
