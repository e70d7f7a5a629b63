#include "weights/gguf_parts.h"

#include <fmt/format.h>

#include "base/error.h"
#include "weights/gguf_limits.h"

namespace estoc {
namespace {

int64_t part_count_of(const Metadata& metadata) {
  const int64_t count = metadata.get_int("split.count").value_or(0);
  if (count < 0 || count > kGgufPartsMax) {
    fail(ErrorCode::corrupt_file, "{}: metadata key 'split.count' is {}, expected at most {}", metadata.source, count,
         kGgufPartsMax);
  }
  return count;
}

}  // namespace

std::vector<std::string> gguf_part_paths(const std::string& path, const Metadata& metadata) {
  const int64_t count = part_count_of(metadata);
  if (count <= 1) return {path};
  const int64_t part = metadata.get_int("split.no").value_or(0);
  if (part != 0) {
    fail(ErrorCode::unsupported, "{}: is part {} of {} of a split model, open its first part instead", path, part + 1,
         count);
  }
  const std::string suffix = fmt::format("-00001-of-{:05}.gguf", count);
  if (!path.ends_with(suffix)) {
    fail(ErrorCode::unsupported, "{}: is the first of {} parts (split.count), expected a name that ends in {}", path,
         count, suffix);
  }
  const std::string stem = path.substr(0, path.size() - suffix.size());
  std::vector<std::string> paths;
  for (int64_t i = 1; i <= count; ++i) paths.push_back(fmt::format("{}-{:05}-of-{:05}.gguf", stem, i, count));
  return paths;
}

void check_gguf_part(const GgufFile& file, size_t part, size_t part_count) {
  const int64_t said = file.metadata.get_int("split.no").value_or(-1);
  const int64_t count = part_count_of(file.metadata);
  if (said == static_cast<int64_t>(part) && count == static_cast<int64_t>(part_count)) return;
  fail(ErrorCode::corrupt_file, "{}: says it is part {} of {}, expected part {} of {}", file.metadata.source, said + 1,
       count, part + 1, part_count);
}

void check_gguf_tensor_count(const Metadata& first, size_t tensor_count) {
  const auto promised = first.get_int("split.tensors.count");
  if (!promised || *promised == static_cast<int64_t>(tensor_count)) return;
  fail(ErrorCode::corrupt_file, "{}: split.tensors.count promises {} tensors in all parts, which have {}", first.source,
       *promised, tensor_count);
}

}  // namespace estoc
