#include "serving/place_list.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace estoc {
namespace {

bool read_number(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0;
}

PlacedLayers parse_place(std::string_view text) {
  const size_t colon = text.rfind(':'), dash = text.rfind('-');
  PlacedLayers place;
  bool is_good = colon != std::string_view::npos && colon > 0;
  if (is_good && dash != std::string_view::npos && dash > colon) {
    is_good = read_number(text.substr(colon + 1, dash - colon - 1), place.first) &&
              read_number(text.substr(dash + 1), place.last) && place.last >= place.first;
  } else if (is_good) {
    is_good = read_number(text.substr(colon + 1), place.first);
    place.last = place.first;
  }
  if (!is_good) {
    fail(ErrorCode::invalid_argument,
         "the place '{}' has no layers, expected PLACE:FIRST-LAST like cpu:0-7 or cuda:0:8-31", text);
  }
  place.device = text.substr(0, colon);
  return place;
}

}  // namespace

std::vector<PlacedLayers> parse_places(std::string_view text) {
  std::vector<PlacedLayers> places;
  while (true) {
    const size_t comma = text.find(',');
    PlacedLayers place = parse_place(text.substr(0, comma));
    const int begin = places.empty() ? 0 : places.back().last + 1;
    if (place.first != begin) {
      fail(ErrorCode::invalid_argument, "the place '{}' begins at layer {}, expected {}", text.substr(0, comma),
           place.first, begin);
    }
    const bool is_cpu = place.device == "cpu" || place.device.starts_with("cpu:");
    if (!is_cpu && std::ranges::find(places, place.device, &PlacedLayers::device) != places.end()) {
      fail(ErrorCode::invalid_argument, "'{}' has layers in two places, expected them in one", place.device);
    }
    places.push_back(std::move(place));
    if (places.size() > kPlacesMax) {
      fail(ErrorCode::invalid_argument, "there are more than {} places", kPlacesMax);
    }
    if (comma == std::string_view::npos) return places;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace estoc
