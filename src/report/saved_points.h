// Load points as measurement_json (report/points_json.h) writes them, to be told again: in another report, beside other
// servers'. A bare list of points is taken, too: earlier files are that, and what scripts collect. What is saved here
// ends with a checksum of all before it, so that a page the disk lost is not read as another measurement; a file
// without one is taken as it is. Pure functions but for reading the files. Errors: Error{not_found, io};
// Error{corrupt_file} with file and place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "load/results.h"

namespace estoc {

// The text of the file for a measurement: its JSON, with the checksum as the last member.
std::string saved_text(const Json& measurement);

// `name` is for messages.
std::vector<LoadPoint> parse_saved_points(std::string_view text, const std::string& name);
std::vector<LoadPoint> read_saved_points(const std::string& path);

// Points of one server and load become one, as if measured one after the other; the rest keeps its order.
std::vector<LoadPoint> pooled(std::vector<LoadPoint> points);

}  // namespace estoc
