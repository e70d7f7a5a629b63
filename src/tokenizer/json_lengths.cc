// How long a tokenizer.json wants texts to be: its objects "truncation" and "padding".
#include "base/error.h"
#include "tokenizer/json_components.h"

namespace estoc {
namespace {

constexpr int64_t kLengthMax = 1 << 24;

// From `least` to the longest text there may be; more means no limit to those who write such files.
int read_length(const JsonFields& json, std::string_view key, int64_t value, int64_t least) {
  if (value < least)
    fail(ErrorCode::corrupt_file, "{}: {} is {}, expected {} or more", json.where(), key, value, least);
  return static_cast<int>(std::min(value, kLengthMax));
}

bool is_left(const JsonFields& json) {
  const std::string direction = json.string_or("direction", "Right");
  if (direction != "Left" && direction != "Right")
    fail(ErrorCode::corrupt_file, "{}: direction is \"{}\", expected Left or Right", json.where(),
         direction.substr(0, 100));
  return direction == "Left";
}

}  // namespace

std::optional<Truncation> read_truncation(const JsonFields& root) {
  if (root.find("truncation") == nullptr) return std::nullopt;
  const JsonFields json = root.object("truncation");
  Truncation truncation{.max_length = read_length(json, "max_length", json.integer_or("max_length", 512), 0),
                        .stride = read_length(json, "stride", json.integer_or("stride", 0), 0),
                        .cuts_left = is_left(json)};
  const std::string strategy = json.string_or("strategy", "LongestFirst");
  if (strategy == "OnlyFirst") {
    truncation.strategy = Truncation::Strategy::only_first;
  } else if (strategy == "OnlySecond") {
    truncation.strategy = Truncation::Strategy::only_second;
  } else if (strategy != "LongestFirst") {
    fail(ErrorCode::corrupt_file, "{}: strategy is \"{}\", expected LongestFirst, OnlyFirst or OnlySecond",
         json.where(), strategy.substr(0, 100));
  }
  return truncation;
}

std::optional<Padding> read_padding(const JsonFields& root) {
  if (root.find("padding") == nullptr) return std::nullopt;
  const JsonFields json = root.object("padding");
  Padding padding{.multiple = read_length(json, "pad_to_multiple_of", json.integer_or("pad_to_multiple_of", 1), 0),
                  .pads_left = is_left(json),
                  .id = static_cast<TokenId>(read_length(json, "pad_id", json.integer_or("pad_id", 0), 0)),
                  .segment = static_cast<uint8_t>(
                      std::min(255, read_length(json, "pad_type_id", json.integer_or("pad_type_id", 0), 0)))};
  if (padding.multiple == 0) padding.multiple = 1;
  const Json* strategy = json.find("strategy");
  if (strategy != nullptr && strategy->is_object()) {
    const JsonFields fixed = json.object("strategy");
    padding.length = read_length(fixed, "Fixed", fixed.integer("Fixed"), 0);
  } else if (json.string_or("strategy", "BatchLongest") != "BatchLongest") {
    fail(ErrorCode::corrupt_file, "{}: strategy is \"{}\", expected BatchLongest or Fixed", json.where(),
         json.string("strategy").substr(0, 100));
  }
  return padding;
}

}  // namespace estoc
