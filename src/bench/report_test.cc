#include "bench/report.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

Json row(const char* name, Json rate) {
  Json result;
  result.set("name", name);
  result.set("rows", 8);
  result.set("rate", std::move(rate));
  result.set("all", Json::Array{1.5, 2.5});
  return result;
}

const std::vector<ReportColumn> kColumns = {{"name", "kernel"}, {"rows", "rows"}, {"rate", "GB/s", 1}};

TEST(Report, Table) {
  EXPECT_EQ(write_report(ReportFormat::table, kColumns, {row("a", 12.345), row("longer", nullptr)}),
            "kernel  rows  GB/s\n"
            "a          8  12.3\n"
            "longer     8\n");
}

TEST(Report, Markdown) {
  EXPECT_EQ(write_report(ReportFormat::md, kColumns, {row("a", 12.345)}),
            "| kernel | rows | GB/s |\n"
            "|--------|-----:|-----:|\n"
            "| a      |    8 | 12.3 |\n");
}

TEST(Report, Csv) {
  EXPECT_EQ(write_report(ReportFormat::csv, kColumns, {row("a, \"b\"", 0.5), row("c", nullptr)}),
            "name,rows,rate\n"
            "\"a, \"\"b\"\"\",8,0.5\n"
            "c,8,\n");
}

TEST(Report, JsonCarriesEverything) {
  const Json::Array rows = {row("a", 12.345), row("b", nullptr)};
  EXPECT_EQ(parse_json(write_report(ReportFormat::json, kColumns, rows)), Json(rows));
  EXPECT_EQ(parse_json(write_report(ReportFormat::json, kColumns, {})), Json(Json::Array{}));
}

TEST(Report, Formats) {
  EXPECT_EQ(parse_report_format("md"), ReportFormat::md);
  EXPECT_THROW(parse_report_format("markdown"), Error);
}

}  // namespace
}  // namespace estoc
