// `estoc list`: the models on this machine, whoever fetched them.
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/named_model.h"
#include "apps/standard_streams.h"
#include "base/format_bytes.h"
#include "bench/report.h"

namespace estoc {

int list(const ListOptionValues& options) {
  const ReportFormat format = parse_report_format(options.output);
  const bool is_for_people = format == ReportFormat::table || format == ReportFormat::md;
  Json::Array rows;
  for (const LocalModel& model : local_models(hub_settings())) {
    Json row;
    row.set("name", model.name);
    row.set("size", is_for_people ? Json(format_bytes(model.bytes)) : Json(model.bytes));
    row.set("format", model.format);
    row.set("place", place_name(model.place));
    row.set("path", model.path);
    rows.push_back(std::move(row));
  }
  if (rows.empty() && is_for_people) {
    write_note("estoc: no model is on this machine yet; `estoc pull org/name` fetches one\n");
    return kExitDone;
  }
  write_output(write_report(
      format, {{"name", "name"}, {"size", "size"}, {"format", "format"}, {"place", "place"}, {"path", "path"}}, rows));
  return kExitDone;
}

}  // namespace estoc
