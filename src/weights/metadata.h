// GGUF key/value metadata as typed values. Immutable after parsing; read from any thread.
// Strings and arrays of strings are views into the mapped file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace estoc {

class Metadata {
 public:
  // Every integer width widens to int64 or uint64, f32 to double. Arrays are of one kind; nested arrays are refused.
  using Value = std::variant<bool, int64_t, uint64_t, double, std::string_view, std::vector<bool>, std::vector<int64_t>,
                             std::vector<uint64_t>, std::vector<double>, std::vector<std::string_view>>;

  const Value* find(std::string_view key) const;
  // The value as the wanted kind, or nothing when the key is absent; throws Error{corrupt_file} naming the file, the
  // key, what was found and what was expected when it is of another kind.
  std::optional<bool> get_bool(std::string_view key) const;
  std::optional<int64_t> get_int(std::string_view key) const;
  std::optional<double> get_double(std::string_view key) const;  // also from integers
  std::optional<std::string_view> get_string(std::string_view key) const;
  const std::vector<std::string_view>* get_strings(std::string_view key) const;  // nullptr when absent
  std::optional<std::vector<int64_t>> get_ints(std::string_view key) const;
  std::optional<std::vector<double>> get_doubles(std::string_view key) const;

  void set(std::string key, Value value) { values_[std::move(key)] = std::move(value); }
  const std::map<std::string, Value, std::less<>>& values() const { return values_; }
  std::string source;  // file name for messages

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace estoc
