#include "tokenizer/protobuf_fields.h"

#include <cstring>

#include "base/error.h"

namespace estoc {

uint64_t ProtobufFields::take_varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
  fail(ErrorCode::corrupt_file, "{}: a number of more than 64 bits, expected a protobuf message", where_);
}

std::string_view ProtobufFields::take(uint64_t bytes) {
  if (bytes > left_.size()) {
    fail(ErrorCode::corrupt_file, "{}: ends within a field of {} bytes, expected a whole protobuf message", where_,
         bytes);
  }
  const std::string_view taken = left_.substr(0, static_cast<size_t>(bytes));
  left_.remove_prefix(taken.size());
  return taken;
}

bool ProtobufFields::next() {
  if (left_.empty()) return false;
  const uint64_t key = take_varint();
  number_ = static_cast<int>(key >> 3 & 0x1FFFFFFF);
  kind_ = static_cast<Kind>(key & 7);
  switch (kind_) {
    case varint:
      integer_ = take_varint();
      return true;
    case fixed64:
      bytes_ = take(8);
      return true;
    case length:
      bytes_ = take(take_varint());
      return true;
    case fixed32:
      bytes_ = take(4);
      return true;
  }
  fail(ErrorCode::corrupt_file, "{}: field {} is of the kind {}, expected a protobuf message", where_, number_,
       key & 7);
}

void ProtobufFields::expect(Kind kind, const char* expected) const {
  if (kind_ != kind) fail(ErrorCode::corrupt_file, "{}: field {} is not {}", where_, number_, expected);
}

uint64_t ProtobufFields::integer() const {
  expect(varint, "an integer");
  return integer_;
}

float ProtobufFields::number32() const {
  expect(fixed32, "a float");
  float value;
  std::memcpy(&value, bytes_.data(), sizeof(value));
  return value;
}

std::string_view ProtobufFields::bytes() const {
  expect(length, "bytes");
  return bytes_;
}

}  // namespace estoc
