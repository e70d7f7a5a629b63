#include "load/trace_file.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"

namespace estoc {
namespace {

constexpr std::string_view kCsvHeader = "TIMESTAMP,ContextTokens,GeneratedTokens";
constexpr int kTokensMax = 10'000'000;
constexpr double kSecondsMax = 1e12;  // beyond any calendar, and still exact to a millisecond

struct Place {
  std::string_view file;
  int line = 0;
};

template <typename... Args>
[[noreturn]] void fail_at(const Place& place, fmt::format_string<Args...> format, Args&&... args) {
  fail(ErrorCode::corrupt_file, "{}:{}: {}", place.file, place.line, fmt::format(format, std::forward<Args>(args)...));
}

// All of the text as a number without a sign.
std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  if (text.empty() || text[0] == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2023-11-16 18:17:03.9799600" in seconds of the calendar; nothing when it is no time.
std::optional<double> calendar_seconds(std::string_view text) {
  for (const std::string_view zone : {"Z", "+00:00"}) {
    if (text.ends_with(zone)) text.remove_suffix(zone.size());
  }
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  if (text.size() < kShape.size()) return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !is_digit : text[i] != kShape[i] && !(i == 10 && text[i] == 'T')) return std::nullopt;
  }
  const auto part = [&](size_t begin, size_t count) { return whole_number(text.substr(begin, count)).value_or(0); };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  if (!day.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 60) return std::nullopt;
  double fraction = 0;
  const std::string_view rest = text.substr(kShape.size());
  if (!rest.empty()) {
    const bool is_fraction =
        rest[0] == '.' && rest.size() > 1 && rest.size() < 16 && rest.find_first_not_of("0123456789", 1) == rest.npos;
    if (!is_fraction) return std::nullopt;
    std::from_chars(rest.data(), rest.data() + rest.size(), fraction);
  }
  const auto days = std::chrono::sys_days(day).time_since_epoch().count();
  return static_cast<double>(days) * 86400.0 + part(11, 2) * 3600 + part(14, 2) * 60 + part(17, 2) + fraction;
}

int checked_tokens(const Place& place, std::string_view what, std::optional<int64_t> count) {
  if (!count || *count < 0 || *count > kTokensMax) {
    fail_at(place, "{} is no number of tokens; expected 0 .. {}", what, kTokensMax);
  }
  return static_cast<int>(*count);
}

TraceRequest parse_csv_line(std::string_view line, const Place& place) {
  const size_t first = line.find(',');
  const size_t second = first == line.npos ? first : line.find(',', first + 1);
  if (second == line.npos || line.find(',', second + 1) != line.npos) {
    fail_at(place, "expected 3 fields, {}", kCsvHeader);
  }
  TraceRequest request;
  const auto seconds = calendar_seconds(line.substr(0, first));
  if (!seconds) fail_at(place, "TIMESTAMP is no time; expected the form 2023-11-16 18:17:03.9799600");
  request.at_s = *seconds;
  request.input_tokens =
      checked_tokens(place, "ContextTokens", whole_number(line.substr(first + 1, second - first - 1)));
  request.output_tokens = checked_tokens(place, "GeneratedTokens", whole_number(line.substr(second + 1)));
  return request;
}

const Json& field(const Json& object, const char* key, const Place& place) {
  const Json* found = object.find(key);
  if (found == nullptr) fail_at(place, "lacks {}; expected timestamp, input_length, output_length and hash_ids", key);
  return *found;
}

TraceRequest parse_json_line(std::string_view line, const Place& place) {
  try {
    const Json json = parse_json(line);
    TraceRequest request;
    request.at_s = field(json, "timestamp", place).as_double() / 1000;
    if (!(request.at_s >= 0 && request.at_s <= kSecondsMax)) {
      fail_at(place, "timestamp {} ms: expected 0 .. {} ms", request.at_s * 1000, kSecondsMax * 1000);
    }
    request.input_tokens = checked_tokens(place, "input_length", field(json, "input_length", place).as_int());
    request.output_tokens = checked_tokens(place, "output_length", field(json, "output_length", place).as_int());
    for (const Json& id : field(json, "hash_ids", place).as_array()) request.blocks.push_back(id.as_uint());
    const int expected = (request.input_tokens + kTraceBlockTokens - 1) / kTraceBlockTokens;
    if (request.blocks.size() != static_cast<size_t>(expected)) {
      fail_at(place, "{} hash_ids for {} tokens; expected {}, one for {} tokens", request.blocks.size(),
              request.input_tokens, expected, kTraceBlockTokens);
    }
    return request;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::corrupt_file) throw;
    fail_at(place, "{}", error.what());
  }
}

}  // namespace

std::vector<TraceRequest> parse_trace(std::string_view text, std::string_view name) {
  const bool is_json = text.starts_with('{');
  std::vector<TraceRequest> requests;
  Place place{name};
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++place.line;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_json && place.line == 1) {
      if (line != kCsvHeader) fail_at(place, "is no trace; expected the line {} or a JSON object", kCsvHeader);
      continue;
    }
    if (line.empty()) continue;
    requests.push_back(is_json ? parse_json_line(line, place) : parse_csv_line(line, place));
  }
  if (requests.empty()) fail(ErrorCode::corrupt_file, "{}: holds no request; expected at least one line", name);
  std::ranges::stable_sort(requests, {}, &TraceRequest::at_s);
  const double start_s = requests.front().at_s;
  for (TraceRequest& request : requests) request.at_s -= start_s;
  return requests;
}

std::vector<TraceRequest> read_trace(const std::string& path) { return parse_trace(read_file(path), path); }

}  // namespace estoc
