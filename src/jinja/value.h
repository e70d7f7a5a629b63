// A value of the template language: Python's data model, as far as chat templates can see it.
//
// What: none, bool, int (64 bits; overflow is an error), float, string (valid UTF-8), sequence, dict, object,
// undefined. Strings, sequences and dicts never change once made (Hugging Face runs templates in a sandbox that forbids
// changing them), so sharing is safe and cycles cannot arise; only namespaces and loops are mutable objects. Every
// value knows its depth and its weight, so that whoever walks one can bound the work before starting. Threads:
// immutable values may be shared; objects belong to one rendering. Errors: Failure.
// Internal to jinja/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace estoc::jinja {

class Value;
class Dict;
class Object;
struct Text;
struct Sequence;
class Generator;
using Values = std::vector<Value>;

struct Undefined {
  std::shared_ptr<const std::string> reason;  // what to say when it is used; may be null
};

enum class SequenceKind { list, tuple, generator, range, dict_keys, dict_values, dict_items };

class Value {
 public:
  using TextPtr = std::shared_ptr<const Text>;
  using SequencePtr = std::shared_ptr<const Sequence>;
  using DictPtr = std::shared_ptr<const Dict>;
  using ObjectPtr = std::shared_ptr<Object>;

  Value() = default;  // undefined
  static Value undefined(std::string reason);
  static Value none() { return Value(Data(std::monostate{})); }
  static Value boolean(bool value) { return Value(Data(value)); }
  static Value integer(int64_t value) { return Value(Data(value)); }
  static Value floating(double value) { return Value(Data(value)); }
  static Value string(std::string bytes, bool is_markup = false);
  static Value sequence(SequenceKind kind, Values items);
  static Value list(Values items) { return sequence(SequenceKind::list, std::move(items)); }
  static Value tuple(Values items) { return sequence(SequenceKind::tuple, std::move(items)); }
  // `sources` are what the items are made from: the value is deeper than any of them.
  static Value generator(std::shared_ptr<Generator> items, const Values& sources);
  static Value group(Value grouper, Value items);
  static Value range(int64_t start, int64_t stop, int64_t step);
  static Value dict(Dict dict);
  static Value object(ObjectPtr object) { return Value(Data(std::move(object))); }

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_float() const { return std::holds_alternative<double>(data_); }
  bool is_integral() const { return is_int() || is_bool(); }  // what Python calls an int
  bool is_number() const { return is_integral() || is_float(); }
  bool is_string() const { return std::holds_alternative<TextPtr>(data_); }
  bool is_sequence() const { return std::holds_alternative<SequencePtr>(data_); }
  bool is_sequence(SequenceKind kind) const;
  bool is_dict() const { return std::holds_alternative<DictPtr>(data_); }
  bool is_object() const { return std::holds_alternative<ObjectPtr>(data_); }

  // Unchecked for the caller who asked is_*: a wrong kind is std::bad_variant_access, a bug.
  const Text& text() const { return *std::get<TextPtr>(data_); }
  const std::string& bytes() const;  // of a string
  const Sequence& sequence() const { return *std::get<SequencePtr>(data_); }
  const SequencePtr& sequence_ptr() const { return std::get<SequencePtr>(data_); }
  const Dict& dict() const { return *std::get<DictPtr>(data_); }
  const ObjectPtr& object() const { return std::get<ObjectPtr>(data_); }
  int64_t as_integer() const;   // of an int or bool
  double as_double() const;     // of a number
  const void* address() const;  // of a shared value, else null

  bool is_true() const;           // Python's truth
  const char* type_name() const;  // Python's name of the type
  std::string undefined_reason() const;
  int depth() const;        // 0 for scalars, 1 + the deepest item for containers
  uint64_t weight() const;  // about how many steps walking the whole value takes, saturating

 private:
  using Data = std::variant<Undefined, std::monostate, bool, int64_t, double, TextPtr, SequencePtr, DictPtr, ObjectPtr>;
  explicit Value(Data data) : data_(std::move(data)) {}
  Data data_;
};

struct Text {
  std::string bytes;
  size_t length = 0;  // code points
  bool is_markup = false;
};

// Makes items when they are asked for, each one once, as the filters map and select do. One rendering only.
class Generator {
 public:
  Generator() = default;
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;
  virtual ~Generator() = default;
  virtual std::optional<Value> next() = 0;  // nothing at the end, and ever after
};

struct Sequence {
  SequenceKind kind = SequenceKind::list;
  Values items;
  std::shared_ptr<Generator> generator;  // in place of items, where that is the kind
  int depth = 1;
  uint64_t weight = 1;
  int64_t start = 0, stop = 0, step = 1;  // of a range
  bool is_group = false;                  // of groupby: a tuple whose parts have the names grouper and list
};

// An ordered dict with Python's keys: 1, 1.0 and true are one key; lists and dicts cannot be keys. Filled by one owner,
// then frozen inside a Value. Errors: Failure for an unhashable key.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  void set(Value key, Value value);  // replaces in place or appends
  void set(std::string_view key, Value value);
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  int depth() const { return depth_; }
  uint64_t weight() const { return weight_; }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, size_t> places_;  // hash_key -> index in entries_
  int depth_ = 1;
  uint64_t weight_ = 1;
};

// A text that is equal for equal values, as dicts and `unique` need. Throws Failure "unhashable type: 'list'".
std::string hash_key(const Value& value);

// Takes the next depth and weight of a container; throws Failure when it nests too deeply.
void account(int& depth, uint64_t& weight, const Value& item);

}  // namespace estoc::jinja
