#include "jinja/iteration.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "jinja/failure.h"
#include "jinja/limits.h"
#include "jinja/object.h"
#include "jinja/unicode.h"
#include "jinja/value.h"

namespace estoc::jinja {
namespace {

using SequencePtr = std::shared_ptr<const Sequence>;

SequencePtr characters(const Value& value) {
  if (value.text().length > kItemsMax) stop("a text of more than {} characters is no list", kItemsMax);
  Values items;
  items.reserve(value.text().length);
  for (const std::string_view piece : code_points(value.bytes())) items.push_back(Value::string(std::string(piece)));
  return Value::list(std::move(items)).sequence_ptr();
}

SequencePtr keys_of(const Dict& dict) {
  Values items;
  items.reserve(dict.size());
  for (const auto& [key, value] : dict.entries()) items.push_back(key);
  return Value::list(std::move(items)).sequence_ptr();
}

bool has_items_by_index(const Sequence& sequence) {
  return sequence.kind == SequenceKind::list || sequence.kind == SequenceKind::tuple ||
         sequence.kind == SequenceKind::range;
}

struct Cut {
  int64_t start, stop, step;
};

// The bounds Python's slice.indices gives for a sequence of `length` items.
Cut resolve_cut(const Value& start, const Value& stop_at, const Value& step, int64_t length) {
  const auto is_open = [](const Value& bound) { return bound.is_none(); };
  for (const Value* bound : {&start, &stop_at, &step}) {
    if (!is_open(*bound) && !bound->is_integral()) stop("slice indices must be integers or None");
  }
  Cut cut{};
  cut.step = is_open(step) ? 1 : step.as_integer();
  if (cut.step == 0) stop("slice step cannot be zero");
  const bool is_backward = cut.step < 0;
  const int64_t low = is_backward ? -1 : 0;
  const int64_t high = is_backward ? length - 1 : length;
  const auto clamp = [&](const Value& bound, int64_t open) {
    if (is_open(bound)) return open;
    const int64_t at = bound.as_integer();
    if (at < 0) return at < -length ? low : std::max(at + length, low);
    return std::min(at, high);
  };
  cut.start = clamp(start, is_backward ? high : low);
  cut.stop = clamp(stop_at, is_backward ? low : high);
  cut.step = std::clamp<int64_t>(cut.step, -(length + 1), length + 1);  // further is the same and cannot overflow
  return cut;
}

template <typename Take>
void walk(const Cut& cut, Take take) {
  for (int64_t at = cut.start; cut.step > 0 ? at < cut.stop : at > cut.stop; at += cut.step) {
    take(static_cast<size_t>(at));
  }
}

std::string cut_text(const Text& text, const Cut& cut) {
  std::string out;
  if (text.length == text.bytes.size()) {
    walk(cut, [&](size_t at) { out += text.bytes[at]; });
  } else if (cut.step == 1 && cut.start < cut.stop) {
    const std::string_view rest =
        std::string_view(text.bytes).substr(code_point_offset(text.bytes, static_cast<size_t>(cut.start)));
    out = rest.substr(0, code_point_offset(rest, static_cast<size_t>(cut.stop - cut.start)));
  } else if (cut.step != 1) {
    std::vector<uint32_t> offsets;
    offsets.reserve(text.length);
    for (const std::string_view piece : code_points(text.bytes)) {
      offsets.push_back(static_cast<uint32_t>(piece.data() - text.bytes.data()));
    }
    const std::string_view bytes = text.bytes;
    walk(cut, [&](size_t at) { out += bytes.substr(offsets[at], first_bytes(bytes.substr(offsets[at]))); });
  }
  return out;
}

class LazyItems : public Generator {
 public:
  explicit LazyItems(std::function<NextItem()> begin) : begin_(std::move(begin)) {}

  std::optional<Value> next() override {
    if (begin_) make_ = std::exchange(begin_, nullptr)();
    if (!make_) return std::nullopt;
    auto item = make_();
    if (!item) make_ = nullptr;  // and lets go of what it holds
    return item;
  }

 private:
  std::function<NextItem()> begin_;  // until the first item
  NextItem make_;                    // from then to the last
};

Value cut_range(const Sequence& range, const Cut& cut) {
  const auto clamped = [](__int128 wide) {
    const __int128 low = std::numeric_limits<int64_t>::min();
    const __int128 high = std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(std::clamp(wide, low, high));
  };
  const auto at = [&](int64_t index) { return clamped(range.start + static_cast<__int128>(index) * range.step); };
  return Value::range(at(cut.start), at(cut.stop), clamped(static_cast<__int128>(cut.step) * range.step));
}

}  // namespace

SequencePtr iterate(const Value& value) {
  if (value.is_sequence()) {
    if (value.sequence().kind != SequenceKind::generator) return value.sequence_ptr();
    Values items;
    while (auto item = value.sequence().generator->next()) {
      items.push_back(std::move(*item));
      if (items.size() > kItemsMax) stop("a generator has more than {} items", kItemsMax);
    }
    return Value::list(std::move(items)).sequence_ptr();
  }
  if (value.is_dict()) return keys_of(value.dict());
  if (value.is_string()) return characters(value);
  if (value.is_undefined()) return Value::list({}).sequence_ptr();
  stop("'{}' object is not iterable", value.type_name());
}

ItemReader::ItemReader(const Value& value)
    : items_(value.is_sequence(SequenceKind::generator) ? value.sequence_ptr() : iterate(value)) {}

std::optional<Value> ItemReader::next() {
  if (items_->generator) return items_->generator->next();
  return at_ < items_->items.size() ? std::optional(items_->items[at_++]) : std::nullopt;
}

Value lazily(std::function<NextItem()> begin, const Values& sources) {
  return Value::generator(std::make_shared<LazyItems>(std::move(begin)), sources);
}

NextItem each_of(Values items) {
  return [items = std::move(items), at = size_t{0}]() mutable {
    return at < items.size() ? std::optional(std::move(items[at++])) : std::nullopt;
  };
}

bool is_iterable(const Value& value) {
  return value.is_sequence() || value.is_dict() || value.is_string() || value.is_undefined();
}

int64_t length_of(const Value& value) {
  if (value.is_string()) return static_cast<int64_t>(value.text().length);
  if (value.is_sequence() && value.sequence().kind != SequenceKind::generator) {
    return static_cast<int64_t>(value.sequence().items.size());
  }
  if (value.is_dict()) return static_cast<int64_t>(value.dict().size());
  if (value.is_undefined()) return 0;
  const auto length = value.is_object() ? value.object()->length() : std::nullopt;
  if (length) return *length;
  stop("object of type '{}' has no len()", value.type_name());
}

std::optional<Value> item_of(const Value& value, const Value& key) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_dict()) {
    if (key.is_sequence() || key.is_dict()) return std::nullopt;
    const Value* found = value.dict().find(key);
    return found ? std::optional(*found) : std::nullopt;
  }
  if (!key.is_integral()) return std::nullopt;
  const bool is_indexed = value.is_string() || (value.is_sequence() && has_items_by_index(value.sequence()));
  if (!is_indexed) return std::nullopt;
  const int64_t length = length_of(value);
  int64_t at = key.as_integer();
  if (at < 0 && at >= -length) at += length;
  if (at < 0 || at >= length) return std::nullopt;
  if (value.is_sequence()) return value.sequence().items[static_cast<size_t>(at)];
  const Text& text = value.text();
  if (text.length == text.bytes.size()) {
    return Value::string(text.bytes.substr(static_cast<size_t>(at), 1), text.is_markup);
  }
  const size_t from = code_point_offset(text.bytes, static_cast<size_t>(at));
  const std::string_view rest = std::string_view(text.bytes).substr(from);
  return Value::string(std::string(rest.substr(0, code_point_offset(rest, 1))), text.is_markup);
}

Value slice_of(const Value& value, const Value& start, const Value& stop_at, const Value& step) {
  if (value.is_undefined()) stop("{}", value.undefined_reason());
  if (value.is_string()) {
    const Text& text = value.text();
    const Cut cut = resolve_cut(start, stop_at, step, static_cast<int64_t>(text.length));
    return Value::string(cut_text(text, cut), text.is_markup);
  }
  if (!value.is_sequence() || !has_items_by_index(value.sequence())) {
    stop("'{}' object cannot be sliced", value.type_name());
  }
  const Sequence& sequence = value.sequence();
  const Cut cut = resolve_cut(start, stop_at, step, static_cast<int64_t>(sequence.items.size()));
  if (sequence.kind == SequenceKind::range) return cut_range(sequence, cut);
  Values items;
  walk(cut, [&](size_t at) { items.push_back(sequence.items[at]); });
  return Value::sequence(sequence.kind, std::move(items));
}

}  // namespace estoc::jinja
