// The fields of a protobuf message, one after the other. Internal to the room. Bounded by the bytes given; throws
// Error{corrupt_file} where they break off or are no message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace estoc {

class ProtobufFields {
 public:
  // `where` names the message in errors and outlives this.
  ProtobufFields(std::string_view bytes, const std::string& where) : left_(bytes), where_(where) {}

  // Goes to the next field; false at the end.
  bool next();
  int number() const { return number_; }
  // The value of the field; throws when it is of another kind.
  uint64_t integer() const;
  bool flag() const { return integer() != 0; }
  float number32() const;
  std::string_view bytes() const;

 private:
  enum Kind : uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };
  uint64_t take_varint();
  std::string_view take(uint64_t bytes);
  void expect(Kind kind, const char* expected) const;

  std::string_view left_;
  const std::string& where_;
  int number_ = 0;
  Kind kind_ = varint;
  uint64_t integer_ = 0;
  std::string_view bytes_;
};

}  // namespace estoc
