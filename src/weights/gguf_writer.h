// Writes GGUF bytes for tests, also wrong ones: what is written is what the test says, with nothing checked.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quant/format.h"

namespace estoc {

// A value with its type number and bytes: GgufValue::u32(7), GgufValue::string("llama"), GgufValue::strings({"a",
// "b"}).
struct GgufValue {
  uint32_t type;
  std::string bytes;

  template <typename T>
  static std::string raw(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  static std::string raw_string(std::string_view text) { return raw<uint64_t>(text.size()) + std::string(text); }

  template <typename T>
  static GgufValue scalar(uint32_t type, T value) {
    return {type, raw(value)};
  }
  static GgufValue u32(uint32_t value) { return scalar(4, value); }
  static GgufValue i32(int32_t value) { return scalar(5, value); }
  static GgufValue f32(float value) { return scalar(6, value); }
  static GgufValue boolean(bool value) { return scalar<uint8_t>(7, value); }
  static GgufValue string(std::string_view text) { return {8, raw_string(text)}; }
  static GgufValue u64(uint64_t value) { return scalar(10, value); }

  template <typename T>
  static GgufValue array(uint32_t item_type, std::initializer_list<T> items) {
    return array(item_type, std::vector<T>(items));
  }
  template <typename T>
  static GgufValue array(uint32_t item_type, const std::vector<T>& items) {
    std::string bytes = raw(item_type) + raw<uint64_t>(items.size());
    for (const T item : items) bytes += raw(item);
    return {9, bytes};
  }
  static GgufValue strings(std::initializer_list<std::string_view> items) {
    return strings(std::vector<std::string>(items.begin(), items.end()));
  }
  static GgufValue strings(const std::vector<std::string>& items) {
    std::string bytes = raw<uint32_t>(8) + raw<uint64_t>(items.size());
    for (const std::string_view item : items) bytes += raw_string(item);
    return {9, bytes};
  }
};

class GgufWriter {
 public:
  struct Tensor {
    std::string name;
    std::vector<int64_t> shape;  // outermost first
    uint32_t type = 0;
    std::string data;
    std::optional<uint64_t> offset;  // where the table says it is; by default where it is
  };

  uint32_t magic = 0x46554747;
  uint32_t version = 3;
  uint64_t alignment = 32;  // of the data; also said in the metadata when `says_alignment`
  bool says_alignment = false;
  std::optional<uint64_t> tensor_count, key_count;  // what the header promises

  GgufWriter& set(std::string_view key, GgufValue value) {
    keys_.push_back({std::string(key), std::move(value)});
    return *this;
  }

  GgufWriter& remove(std::string_view key) {
    std::erase_if(keys_, [&](const auto& entry) { return entry.first == key; });
    return *this;
  }

  GgufWriter& add_tensor(Tensor tensor) {
    tensors_.push_back(std::move(tensor));
    return *this;
  }

  // A tensor of random-looking values 0.5, 1.0, 1.5 ... encoded as `format`.
  GgufWriter& add_tensor(std::string_view name, std::vector<int64_t> shape, const QuantFormat& format = f32) {
    int64_t count = 1;
    for (const int64_t dimension : shape) count *= dimension;
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = 0.5f * static_cast<float>(i + 1);
    std::string data(static_cast<size_t>(format.row_bytes(count)), '\0');
    format.encode(values.data(), reinterpret_cast<std::byte*>(data.data()), count);
    return add_tensor(
        Tensor{std::string(name), std::move(shape), static_cast<uint32_t>(format.gguf_id), std::move(data), {}});
  }

  std::string text() const {
    const uint64_t keys = keys_.size() + (says_alignment ? 1 : 0);
    std::string out = GgufValue::raw(magic) + GgufValue::raw(version);
    out += GgufValue::raw(tensor_count.value_or(tensors_.size())) + GgufValue::raw(key_count.value_or(keys));
    if (says_alignment) append_key(out, "general.alignment", GgufValue::u32(static_cast<uint32_t>(alignment)));
    for (const auto& [key, value] : keys_) append_key(out, key, value);
    std::string data;
    for (const Tensor& tensor : tensors_) {
      append_info(out, tensor, data.size());
      data += tensor.data;
      pad(data);
    }
    if (tensors_.empty()) return out;
    pad(out);
    return out + data;
  }

 private:
  static void append_key(std::string& out, std::string_view key, const GgufValue& value) {
    out += GgufValue::raw_string(key) + GgufValue::raw(value.type) + value.bytes;
  }

  static void append_info(std::string& out, const Tensor& tensor, uint64_t offset) {
    out += GgufValue::raw_string(tensor.name) + GgufValue::raw(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) out += GgufValue::raw(tensor.shape[i]);
    out += GgufValue::raw(tensor.type) + GgufValue::raw(tensor.offset.value_or(offset));
  }

  void pad(std::string& out) const { out.resize((out.size() + alignment - 1) / alignment * alignment); }

  std::vector<std::pair<std::string, GgufValue>> keys_;
  std::vector<Tensor> tensors_;
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace estoc
