#include "bench/number_list.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace estoc {

std::vector<int> parse_number_list(std::string_view flag, std::string_view text, int low, int high) {
  std::vector<int> numbers;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    int number = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    if (error != std::errc() || stop != text.data() + end || number < low || number > high) {
      fail(ErrorCode::invalid_argument, "{}: '{}' is not a list of numbers; expected {} .. {}, separated by commas",
           flag, text, low, high);
    }
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) numbers.push_back(number);
    begin = end + 1;
  }
  return numbers;
}

}  // namespace estoc
