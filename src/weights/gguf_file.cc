#include "weights/gguf_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "base/error.h"
#include "weights/byte_reader.h"
#include "weights/gguf_limits.h"
#include "weights/gguf_values.h"
#include "weights/tensor_extent.h"

namespace estoc {
namespace {

constexpr uint32_t kMagic = 0x46554747;         // "GGUF"
constexpr uint32_t kSwappedMagic = 0x47475546;  // "FUGG"

void read_version(ByteReader& reader, const std::string& file) {
  const auto magic = reader.read<uint32_t>("the magic number");
  if (magic == kSwappedMagic)
    fail(ErrorCode::unsupported, "{}: is a big-endian GGUF file, expected little-endian", file);
  if (magic != kMagic) {
    fail(ErrorCode::corrupt_file, "{}: begins with the bytes {:08x}, expected the magic number 47475546 of GGUF", file,
         __builtin_bswap32(magic));
  }
  const auto version = reader.read<uint32_t>("the version");
  if (version == 2 || version == 3) return;
  if (version != 0 && (version & 0xFFFF) == 0) {
    fail(ErrorCode::unsupported, "{}: is a big-endian GGUF file, expected little-endian", file);
  }
  fail(ErrorCode::unsupported, "{}: is GGUF version {}, expected 2 or 3", file, version);
}

uint64_t read_alignment(const Metadata& metadata) {
  constexpr int64_t kDefault = 32;
  const int64_t alignment = metadata.get_int("general.alignment").value_or(kDefault);
  if (alignment < 1 || alignment > kGgufAlignmentMax || !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    fail(ErrorCode::corrupt_file, "{}: general.alignment is {}, expected a power of two of at most {}", metadata.source,
         alignment, kGgufAlignmentMax);
  }
  return static_cast<uint64_t>(alignment);
}

// One entry of the tensor table, before it is known where the data begins.
struct TensorInfo {
  GgufTensor tensor;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

const QuantFormat* require_format(uint32_t type, std::string_view what, const std::string& file) {
  if (const QuantFormat* format = find_gguf_format(type)) return format;
  const std::string_view name = gguf_type_name(type);
  fail(ErrorCode::unsupported, "{}: {} is stored as {} (type {}), which is not supported", file, what,
       name.empty() ? "an unknown format" : name, type);
}

std::vector<int64_t> read_shape(ByteReader& reader, const std::string& what, const std::string& file) {
  const auto dimensions = reader.read<uint32_t>(what);
  if (dimensions > kGgufDimensionsMax) {
    fail(ErrorCode::corrupt_file, "{}: {} has {} dimensions, expected at most {}", file, what, dimensions,
         kGgufDimensionsMax);
  }
  std::vector<int64_t> shape(dimensions);
  for (int64_t& dimension : shape) {
    dimension = reader.read<int64_t>(what);
    if (dimension < 1) {
      fail(ErrorCode::corrupt_file, "{}: {} has a dimension of {}, expected 1 or more", file, what,
           static_cast<uint64_t>(dimension));
    }
  }
  std::reverse(shape.begin(), shape.end());
  return shape;
}

TensorInfo read_tensor_info(ByteReader& reader, uint64_t alignment, const std::string& file) {
  TensorInfo info;
  GgufTensor& tensor = info.tensor;
  tensor.name = reader.read_string("a tensor name");
  if (tensor.name.empty()) fail(ErrorCode::corrupt_file, "{}: a tensor has an empty name", file);
  const std::string what = fmt::format("tensor '{}'", shown(tensor.name));
  tensor.shape = read_shape(reader, what, file);
  tensor.format = require_format(reader.read<uint32_t>(what), what, file);
  const int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (columns % tensor.format->block_count != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} has rows of {} elements, expected a multiple of {} for {}", file, what,
         columns, tensor.format->block_count, tensor.format->name);
  }
  const std::optional<int64_t> bytes = tensor_bytes(tensor.shape, *tensor.format);
  if (!bytes) {
    fail(ErrorCode::corrupt_file, "{}: {} has shape {}, more elements than can be counted", file, what,
         shape_text(tensor.shape));
  }
  info.bytes = static_cast<uint64_t>(*bytes);
  info.offset = reader.read<uint64_t>(what);
  if (info.offset % alignment != 0) {
    fail(ErrorCode::corrupt_file, "{}: {} begins at byte {} of the data, expected a multiple of {}", file, what,
         info.offset, alignment);
  }
  return info;
}

std::vector<TensorInfo> read_tensor_infos(ByteReader& reader, uint64_t count, const Metadata& metadata) {
  constexpr uint64_t kInfoBytesMin = 8 + 1 + 4 + 4 + 8;  // a name of one byte and no dimensions
  const std::string& file = metadata.source;
  if (count > kGgufTensorsMax) {
    fail(ErrorCode::corrupt_file, "{}: the header promises {} tensors, expected at most {}", file, count,
         kGgufTensorsMax);
  }
  if (count > reader.remaining() / kInfoBytesMin) {
    fail(ErrorCode::corrupt_file, "{}: the header promises {} tensors, more than the {} bytes left can describe", file,
         count, reader.remaining());
  }
  const uint64_t alignment = read_alignment(metadata);
  std::vector<TensorInfo> infos;
  infos.reserve(static_cast<size_t>(count));
  std::unordered_set<std::string_view> names;
  for (uint64_t i = 0; i < count; ++i) {
    infos.push_back(read_tensor_info(reader, alignment, file));
    const std::string_view name = infos.back().tensor.name;
    if (!names.insert(name).second) fail(ErrorCode::corrupt_file, "{}: tensor '{}' appears twice", file, shown(name));
  }
  return infos;
}

void place_tensors(std::vector<TensorInfo>& infos, std::span<const std::byte> data, const std::string& file) {
  std::vector<TensorExtent> extents;
  extents.reserve(infos.size());
  for (TensorInfo& info : infos) {
    if (info.offset > data.size() || info.bytes > data.size() - info.offset) {
      fail(ErrorCode::corrupt_file,
           "{}: tensor '{}' needs {} bytes from byte {} of the data, which has only {} (is the file complete?)", file,
           shown(info.tensor.name), info.bytes, info.offset, data.size());
    }
    info.tensor.bytes = data.subspan(static_cast<size_t>(info.offset), static_cast<size_t>(info.bytes));
    extents.push_back({info.tensor.name, info.offset, info.offset + info.bytes});
  }
  refuse_overlap(extents, file);
}

}  // namespace

GgufFile parse_gguf(std::span<const std::byte> bytes, const std::string& file) {
  ByteReader reader(bytes, file);
  read_version(reader, file);
  const auto tensor_count = reader.read<uint64_t>("the count of tensors");
  const auto key_count = reader.read<uint64_t>("the count of metadata keys");
  GgufFile parsed;
  parsed.metadata.source = file;
  read_gguf_values(reader, key_count, parsed.metadata);
  std::vector<TensorInfo> infos = read_tensor_infos(reader, tensor_count, parsed.metadata);
  if (infos.empty()) return parsed;  // vocabulary files end here, without padding

  const uint64_t alignment = read_alignment(parsed.metadata);
  const uint64_t data_begin = (reader.position() + alignment - 1) / alignment * alignment;
  place_tensors(infos, bytes.subspan(std::min<size_t>(data_begin, bytes.size())), file);
  parsed.tensors.reserve(infos.size());
  for (TensorInfo& info : infos) parsed.tensors.push_back(std::move(info.tensor));
  return parsed;
}

bool has_gguf_magic(std::span<const std::byte> bytes) {
  uint32_t magic = 0;
  if (bytes.size() < sizeof magic) return false;
  std::memcpy(&magic, bytes.data(), sizeof magic);
  return magic == kMagic || magic == kSwappedMagic;
}

}  // namespace estoc
