#include "weights/gguf_values.h"

#include <fmt/format.h>

#include "weights/gguf_limits.h"

namespace estoc {
namespace {

enum class ValueType : uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

// Bytes a value takes at least: what an array's count is checked against.
uint64_t bytes_min(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    default:
      return 8;
  }
}

// Reads values of one key; `what` is the key as messages name it.
class ValueReader {
 public:
  ValueReader(ByteReader& reader, const std::string& file, std::string what)
      : reader_(reader), file_(file), what_(std::move(what)) {}

  Metadata::Value read(uint32_t type) {
    switch (static_cast<ValueType>(type)) {
      case ValueType::u8:
        return uint64_t{reader_.read<uint8_t>(what_)};
      case ValueType::i8:
        return int64_t{reader_.read<int8_t>(what_)};
      case ValueType::u16:
        return uint64_t{reader_.read<uint16_t>(what_)};
      case ValueType::i16:
        return int64_t{reader_.read<int16_t>(what_)};
      case ValueType::u32:
        return uint64_t{reader_.read<uint32_t>(what_)};
      case ValueType::i32:
        return int64_t{reader_.read<int32_t>(what_)};
      case ValueType::u64:
        return reader_.read<uint64_t>(what_);
      case ValueType::i64:
        return reader_.read<int64_t>(what_);
      case ValueType::f32:
        return double{reader_.read<float>(what_)};
      case ValueType::f64:
        return reader_.read<double>(what_);
      case ValueType::boolean:
        return read_bool();
      case ValueType::string:
        return reader_.read_string(what_);
      case ValueType::array:
        return read_array();
    }
    fail(ErrorCode::corrupt_file, "{}: {} has value type {}, expected 0 to 12", file_, what_, type);
  }

 private:
  bool read_bool() {
    const auto byte = reader_.read<uint8_t>(what_);
    if (byte > 1) fail(ErrorCode::corrupt_file, "{}: {} is the byte {}, expected a boolean 0 or 1", file_, what_, byte);
    return byte == 1;
  }

  template <typename Wide, typename Stored>
  std::vector<Wide> read_items(uint64_t count) {
    std::vector<Wide> items;
    items.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) items.push_back(reader_.read<Stored>(what_));
    return items;
  }

  Metadata::Value read_array() {
    const auto type = reader_.read<uint32_t>(what_);
    const auto count = reader_.read<uint64_t>(what_);
    if (type == static_cast<uint32_t>(ValueType::array)) {
      fail(ErrorCode::unsupported, "{}: {} is an array of arrays, which is not supported", file_, what_);
    }
    if (type > static_cast<uint32_t>(ValueType::f64)) {
      fail(ErrorCode::corrupt_file, "{}: {} is an array of value type {}, expected 0 to 12", file_, what_, type);
    }
    if (count > kGgufArrayItemsMax) {
      fail(ErrorCode::corrupt_file, "{}: {} has {} items, expected at most {}", file_, what_, count,
           kGgufArrayItemsMax);
    }
    const auto item = static_cast<ValueType>(type);
    if (count > reader_.remaining() / bytes_min(item)) {
      fail(ErrorCode::corrupt_file, "{}: {} has {} items, more than the {} bytes left can hold", file_, what_, count,
           reader_.remaining());
    }
    switch (item) {
      case ValueType::u8:
        return read_items<uint64_t, uint8_t>(count);
      case ValueType::i8:
        return read_items<int64_t, int8_t>(count);
      case ValueType::u16:
        return read_items<uint64_t, uint16_t>(count);
      case ValueType::i16:
        return read_items<int64_t, int16_t>(count);
      case ValueType::u32:
        return read_items<uint64_t, uint32_t>(count);
      case ValueType::i32:
        return read_items<int64_t, int32_t>(count);
      case ValueType::u64:
        return read_items<uint64_t, uint64_t>(count);
      case ValueType::i64:
        return read_items<int64_t, int64_t>(count);
      case ValueType::f32:
        return read_items<double, float>(count);
      case ValueType::f64:
        return read_items<double, double>(count);
      case ValueType::boolean:
        return read_bools(count);
      default:
        return read_strings(count);
    }
  }

  std::vector<bool> read_bools(uint64_t count) {
    std::vector<bool> items;
    items.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) items.push_back(read_bool());
    return items;
  }

  std::vector<std::string_view> read_strings(uint64_t count) {
    std::vector<std::string_view> items;
    items.reserve(static_cast<size_t>(count));
    for (uint64_t i = 0; i < count; ++i) items.push_back(reader_.read_string(what_));
    return items;
  }

  ByteReader& reader_;
  const std::string& file_;
  std::string what_;
};

}  // namespace

void read_gguf_values(ByteReader& reader, uint64_t count, Metadata& metadata) {
  constexpr uint64_t kPairBytesMin = 8 + 4 + 1;  // an empty key, its type and one byte
  if (count > kGgufKeysMax) {
    fail(ErrorCode::corrupt_file, "{}: the header promises {} metadata keys, expected at most {}", metadata.source,
         count, kGgufKeysMax);
  }
  if (count > reader.remaining() / kPairBytesMin) {
    fail(ErrorCode::corrupt_file, "{}: the header promises {} metadata keys, more than the {} bytes left can hold",
         metadata.source, count, reader.remaining());
  }
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view key = reader.read_string("a metadata key");
    if (key.empty()) fail(ErrorCode::corrupt_file, "{}: metadata key number {} is empty", metadata.source, i);
    if (metadata.find(key) != nullptr) {
      fail(ErrorCode::corrupt_file, "{}: metadata key '{}' appears twice", metadata.source, shown(key));
    }
    const std::string what = fmt::format("metadata key '{}'", shown(key));
    const auto type = reader.read<uint32_t>(what);
    metadata.set(std::string(key), ValueReader(reader, metadata.source, what).read(type));
  }
}

}  // namespace estoc
