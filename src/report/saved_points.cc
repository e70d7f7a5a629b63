#include "report/saved_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mapped_file.h"

namespace estoc {
namespace {

// A value of the file, and where it is: "run.json[2].offered_rps".
class Place {
 public:
  Place(const Json& value, std::string path) : value_(&value), path_(std::move(path)) {}

  [[noreturn]] void refuse(const char* expected) const {
    fail(ErrorCode::corrupt_file, "{}: expected {}, got {}", path_, expected, value_->type_name());
  }
  Place member(const char* key) const {
    static const Json kNull;
    if (!value_->is_object()) refuse("an object");
    const Json* found = value_->find(key);
    return {found == nullptr ? kNull : *found, path_ + "." + key};
  }
  std::string text() const {
    if (!value_->is_string()) refuse("a string");
    return value_->as_string();
  }
  double number() const {
    if (!value_->is_number()) refuse("a number");
    return value_->as_double();
  }
  int count() const {
    const double value = number();
    if (value < 0 || value > 1e9 || value != std::floor(value)) {
      fail(ErrorCode::corrupt_file, "{}: expected a whole number from 0 to 1e9, got {:g}", path_, value);
    }
    return static_cast<int>(value);
  }
  template <typename Each>
  void for_each(Each&& each) const {
    if (!value_->is_array()) refuse("an array");
    const Json::Array& items = value_->as_array();
    for (size_t i = 0; i < items.size(); ++i) each(Place(items[i], path_ + "[" + std::to_string(i) + "]"));
  }
  bool is_null() const { return value_->is_null(); }
  bool is_array() const { return value_->is_array(); }

 private:
  const Json* value_;
  std::string path_;
};

RequestRecord record_of(const Place& place) {
  RequestRecord record;
  record.category = place.member("category").text();
  record.turn = place.member("turn").count();
  record.scheduled_s = place.member("scheduled_s").number();
  record.sent_s = place.member("sent_s").number();
  if (const Place first = place.member("first_s"); !first.is_null()) record.first_s = first.number();
  record.end_s = place.member("end_s").number();
  place.member("gaps_s").for_each([&](const Place& gap) { record.gaps_s.push_back(gap.number()); });
  record.status = place.member("status").count();
  if (const Place error = place.member("error"); !error.is_null()) record.error = error.text();
  record.prompt_tokens = place.member("prompt_tokens").count();
  record.cached_tokens = place.member("cached_tokens").count();
  record.output_tokens = place.member("output_tokens").count();
  return record;
}

LoadPoint point_of(const Place& place) {
  LoadPoint point;
  point.server = place.member("server").text();
  point.load = place.member("load").text();
  point.offered_rps = place.member("offered_rps").number();
  point.users = place.member("users").count();
  point.duration_s = place.member("duration_s").number();
  place.member("requests").for_each([&](const Place& request) { point.requests.push_back(record_of(request)); });
  return point;
}

constexpr std::string_view kSealBegin = ",\"checksum\":\"", kSealEnd = "\"}\n";
constexpr size_t kSealBytes = kSealBegin.size() + 16 + kSealEnd.size();

std::string seal_of(std::string_view text) {
  return fmt::format("{}{:016x}{}", kSealBegin, hash64(std::as_bytes(std::span(text))), kSealEnd);
}

void check_seal(std::string_view text, const std::string& name) {
  if (text.size() <= kSealBytes || !text.substr(text.size() - kSealBytes).starts_with(kSealBegin)) return;
  if (text.substr(text.size() - kSealBytes) != seal_of(text.substr(0, text.size() - kSealBytes))) {
    fail(ErrorCode::corrupt_file, "{}: does not match its checksum", name);
  }
}

}  // namespace

std::string saved_text(const Json& measurement) {
  std::string text = to_json(measurement);
  text.pop_back();  // the object goes on
  return text + seal_of(text);
}

std::vector<LoadPoint> parse_saved_points(std::string_view text, const std::string& name) {
  check_seal(text, name);
  Json json;
  try {
    json = parse_json(text);
  } catch (const Error& error) {
    fail(ErrorCode::corrupt_file, "{}: {}", name, error.what());
  }
  std::vector<LoadPoint> points;
  const Place file(json, name);
  (file.is_array() ? file : file.member("points")).for_each([&](const Place& point) {
    points.push_back(point_of(point));
  });
  return points;
}

std::vector<LoadPoint> read_saved_points(const std::string& path) { return parse_saved_points(read_file(path), path); }

std::vector<LoadPoint> pooled(std::vector<LoadPoint> points) {
  std::vector<LoadPoint> pool;
  for (LoadPoint& point : points) {
    const auto same = std::find_if(pool.begin(), pool.end(), [&](const LoadPoint& other) {
      return other.server == point.server && other.load == point.load;
    });
    if (same == pool.end()) {
      pool.push_back(std::move(point));
      continue;
    }
    same->duration_s += point.duration_s;
    std::move(point.requests.begin(), point.requests.end(), std::back_inserter(same->requests));
  }
  return pool;
}

}  // namespace estoc
