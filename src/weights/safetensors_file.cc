#include "weights/safetensors_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "weights/byte_reader.h"
#include "weights/tensor_extent.h"

namespace estoc {
namespace {

constexpr uint64_t kHeaderBytesMax = 100'000'000;
constexpr int kHeaderDepthMax = 8;
constexpr size_t kDimensionsMax = 8;

Json read_header(std::span<const std::byte> bytes, const std::string& file, size_t& data_begin) {
  ByteReader reader(bytes, file);
  const auto length = reader.read<uint64_t>("the length of the header");
  if (length > kHeaderBytesMax) {
    fail(ErrorCode::corrupt_file, "{}: the header is {} bytes long, expected at most {}", file, length,
         kHeaderBytesMax);
  }
  if (length > reader.remaining()) {
    fail(ErrorCode::corrupt_file, "{}: the header is {} bytes long, more than the {} bytes left in the file", file,
         length, reader.remaining());
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + reader.position(),
                              static_cast<size_t>(length));
  if (!text.starts_with('{')) fail(ErrorCode::corrupt_file, "{}: the header does not begin with '{{'", file);
  data_begin = reader.position() + text.size();
  try {
    return parse_json(text, kHeaderDepthMax);
  } catch (const Error& error) {
    fail(ErrorCode::corrupt_file, "{}: the header is not valid JSON: {}", file, error.what());
  }
}

// One entry of the header as its fields; `what` names it in messages.
class Entry {
 public:
  Entry(const std::string& file, std::string_view name, const Json& fields)
      : file_(file), what_(fmt::format("tensor '{}'", shown(name))), fields_(fields) {
    if (!fields.is_object()) fail(ErrorCode::corrupt_file, "{}: {} is not an object in the header", file_, what_);
  }

  const QuantFormat* format() const {
    const Json* dtype = fields_.find("dtype");
    if (dtype == nullptr || !dtype->is_string()) {
      fail(ErrorCode::corrupt_file, "{}: {} has no dtype", file_, what_);
    }
    if (const QuantFormat* format = find_safetensors_format(dtype->as_string())) return format;
    fail(ErrorCode::unsupported, "{}: {} has dtype '{}', which is not supported", file_, what_,
         shown(dtype->as_string()));
  }

  std::vector<int64_t> shape() const {
    const std::vector<int64_t> shape = integers("shape");
    if (shape.size() > kDimensionsMax) {
      fail(ErrorCode::corrupt_file, "{}: {} has {} dimensions, expected at most {}", file_, what_, shape.size(),
           kDimensionsMax);
    }
    return shape;
  }

  TensorExtent extent(std::string_view name, uint64_t data_bytes) const {
    const std::vector<int64_t> offsets = integers("data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1]) {
      fail(ErrorCode::corrupt_file, "{}: {} has data_offsets {}, expected [begin, end]", file_, what_,
           shape_text(offsets));
    }
    const TensorExtent extent{name, static_cast<uint64_t>(offsets[0]), static_cast<uint64_t>(offsets[1])};
    if (extent.end > data_bytes) {
      fail(ErrorCode::corrupt_file, "{}: {} ends at byte {} of the data, which has only {} (is the file complete?)",
           file_, what_, extent.end, data_bytes);
    }
    return extent;
  }

  const std::string& what() const { return what_; }

 private:
  std::vector<int64_t> integers(std::string_view key) const {
    const Json* values = fields_.find(key);
    if (values == nullptr || !values->is_array()) {
      fail(ErrorCode::corrupt_file, "{}: {} has no array '{}'", file_, what_, key);
    }
    std::vector<int64_t> integers;
    integers.reserve(values->as_array().size());
    for (const Json& value : values->as_array()) {
      constexpr double kCountEnd = 0x1p62;
      if (!value.is_int() || value.as_double() < 0 || value.as_double() >= kCountEnd) {
        fail(ErrorCode::corrupt_file, "{}: {} has '{}' with an entry that is not a count", file_, what_, key);
      }
      integers.push_back(value.as_int());
    }
    return integers;
  }

  const std::string& file_;
  std::string what_;
  const Json& fields_;
};

WeightTensor read_entry(const Entry& entry, std::string_view name, std::span<const std::byte> data,
                        const std::string& file, TensorExtent& extent) {
  WeightTensor tensor;
  tensor.name = tensor.source_name = name;
  tensor.file = file;
  tensor.format = entry.format();
  tensor.shape = entry.shape();
  extent = entry.extent(name, data.size());
  const std::optional<int64_t> bytes = tensor_bytes(tensor.shape, *tensor.format);
  if (!bytes) {
    fail(ErrorCode::corrupt_file, "{}: {} has shape {}, more elements than can be counted", file, entry.what(),
         shape_text(tensor.shape));
  }
  if (static_cast<uint64_t>(*bytes) != extent.end - extent.begin) {
    fail(ErrorCode::corrupt_file, "{}: {} of shape {} takes {} bytes as {}, its data_offsets say {}", file,
         entry.what(), shape_text(tensor.shape), *bytes, tensor.format->name, extent.end - extent.begin);
  }
  tensor.bytes = data.subspan(static_cast<size_t>(extent.begin), static_cast<size_t>(*bytes));
  return tensor;
}

void refuse_holes(const std::vector<TensorExtent>& sorted, uint64_t data_bytes, const std::string& file) {
  uint64_t covered = 0;
  for (const TensorExtent& extent : sorted) {
    if (extent.begin != covered) {
      fail(ErrorCode::corrupt_file, "{}: bytes {} to {} of the data belong to no tensor", file, covered, extent.begin);
    }
    covered = extent.end;
  }
  if (covered != data_bytes) {
    fail(ErrorCode::corrupt_file, "{}: bytes {} to {} of the data belong to no tensor", file, covered, data_bytes);
  }
}

void refuse_duplicates(std::vector<TensorExtent> extents, const std::string& file) {
  const auto by_name = [](const TensorExtent& a, const TensorExtent& b) { return a.name < b.name; };
  std::sort(extents.begin(), extents.end(), by_name);
  const auto same =
      std::adjacent_find(extents.begin(), extents.end(), [](const auto& a, const auto& b) { return a.name == b.name; });
  if (same != extents.end()) fail(ErrorCode::corrupt_file, "{}: tensor '{}' appears twice", file, shown(same->name));
}

}  // namespace

std::vector<WeightTensor> parse_safetensors(std::span<const std::byte> bytes, const std::string& file) {
  size_t data_begin = 0;
  const Json header = read_header(bytes, file, data_begin);
  const std::span<const std::byte> data = bytes.subspan(data_begin);
  std::vector<WeightTensor> tensors;
  std::vector<TensorExtent> extents;
  for (const auto& [name, fields] : header.as_object()) {
    if (name == "__metadata__") continue;
    const Entry entry(file, name, fields);
    tensors.push_back(read_entry(entry, name, data, file, extents.emplace_back()));
  }
  refuse_duplicates(extents, file);
  refuse_overlap(extents, file);
  refuse_holes(extents, data.size(), file);
  std::sort(tensors.begin(), tensors.end(), [](const WeightTensor& a, const WeightTensor& b) {
    return std::tuple(a.bytes.data(), a.bytes.size()) < std::tuple(b.bytes.data(), b.bytes.size());
  });
  return tensors;
}

}  // namespace estoc
