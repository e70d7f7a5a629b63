#include "weights/tensor_extent.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "weights/byte_reader.h"

namespace estoc {

std::optional<int64_t> tensor_bytes(std::span<const int64_t> shape, const QuantFormat& format) {
  int64_t count = 1;
  bool is_empty = false;
  for (const int64_t dimension : shape) {
    if (dimension < 0) return std::nullopt;
    if (dimension == 0) {
      is_empty = true;  // the others must still multiply without overflow
    } else if (__builtin_mul_overflow(count, dimension, &count)) {
      return std::nullopt;
    }
  }
  int64_t bytes = 0;
  if (__builtin_mul_overflow(count / format.block_count, int64_t{format.block_bytes}, &bytes)) return std::nullopt;
  // Rows are also counted in f32 elsewhere: leave room for that.
  if (count > (int64_t{1} << 60)) return std::nullopt;
  return is_empty ? 0 : bytes;
}

std::string shape_text(std::span<const int64_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

void refuse_overlap(std::vector<TensorExtent>& extents, const std::string& file) {
  std::sort(extents.begin(), extents.end(), [](const TensorExtent& a, const TensorExtent& b) {
    return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
  });
  for (size_t i = 1; i < extents.size(); ++i) {
    const TensorExtent& before = extents[i - 1];
    const TensorExtent& here = extents[i];
    if (here.begin < before.end) {
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' begins at byte {} of the data, inside '{}' which ends at {}", file,
           shown(here.name), here.begin, shown(before.name), before.end);
    }
  }
}

}  // namespace estoc
