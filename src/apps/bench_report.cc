// `estoc bench report`: tells saved measurements again, those of several files as one, with a latency target of choice.
#include <fmt/format.h>

#include <iterator>

#include "apps/commands.h"
#include "apps/load_report.h"
#include "report/saved_points.h"

namespace estoc {

int bench_report(const BenchReportOptionValues& options) {
  const LoadReport report(options);
  std::vector<LoadPoint> points;
  for (const std::string& path : options.files) {
    std::vector<LoadPoint> more = read_saved_points(path);
    points.insert(points.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
  }
  const ReportHead head{.title = options.title,
                        .command = fmt::format("estoc bench report {}", fmt::join(options.files, " "))};
  return report.tell(report.summarize(pooled(std::move(points))), head) ? 0 : 1;
}

}  // namespace estoc
