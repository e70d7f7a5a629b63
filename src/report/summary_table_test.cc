#include "report/summary_table.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(SummaryTable, rows_have_every_column) {
  const RequestRecord answered{.first_s = 1,
                               .end_s = 1.5,
                               .gaps_s = {0.5},
                               .status = 200,
                               .prompt_tokens = 10,
                               .cached_tokens = 4,
                               .output_tokens = 2};
  const Json row = summary_row(summarize({.server = "a", .duration_s = 1, .requests = {answered}}, {}));
  for (const ReportColumn& column : summary_columns()) EXPECT_NE(row.find(column.key), nullptr) << column.key;
  EXPECT_EQ(row.find("ttft_ms_p50")->as_double(), 1000);
  EXPECT_EQ(row.find("tbt_ms_max")->as_double(), 500);
  EXPECT_EQ(row.find("cached_percent")->as_double(), 40);
  const std::string table = write_report(ReportFormat::table, summary_columns(), {row});
  EXPECT_NE(table.find("TTFT p50 ms"), std::string::npos);
}

}  // namespace
}  // namespace estoc
