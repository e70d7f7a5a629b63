#include "grammar/chart.h"

#include "base/check.h"
#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

constexpr size_t kLinearItems = 12;  // so few are compared one by one
constexpr size_t kFoundSize = 8192;  // a power of two, four times the most items
static_assert(kFoundSize >= 4 * limits::kRowItemsMax);

size_t hash_of(const Chart::Item& item) {
  const uint64_t mixed = (uint64_t{item.state} << 32 | item.origin) * 0x9E3779B97F4A7C15ull ^ item.rule * 0xC2B2AE3Dull;
  return static_cast<size_t>((mixed ^ mixed >> 31) & (kFoundSize - 1));
}

bool is_same(const Chart::Item& a, const Chart::Item& b) {
  return a.state == b.state && a.origin == b.origin && a.rule == b.rule;
}

}  // namespace

void Chart::start(StateId state, bool is_text_known) {
  items_.clear();
  rows_.clear();
  text_.clear();
  Row row{.begin = 0, .is_text_unknown = !is_text_known};
  begin_ = 0;
  unknown_from_ = 0;
  ++stamp_;
  if (state != kDeadState) add({state, 0, kOutside, true});
  close(row);
  rows_.push_back(row);
}

std::span<const Chart::Item> Chart::row(size_t index) const {
  const size_t begin = rows_[index].begin;
  const size_t end = index + 1 < rows_.size() ? rows_[index + 1].begin : items_.size();
  return {items_.data() + begin, end - begin};
}

void Chart::add(const Item& item) {
  const size_t count = items_.size() - begin_;
  if (count <= kLinearItems) {
    for (size_t i = begin_; i < items_.size(); ++i) {
      if (is_same(items_[i], item)) {
        items_[i].is_kernel |= item.is_kernel;
        return;
      }
    }
    items_.push_back(item);
    if (count < kLinearItems) return;
    if (found_.empty()) found_.resize(kFoundSize);
    for (size_t i = begin_; i < items_.size(); ++i) {  // from here on by hash
      size_t at = hash_of(items_[i]);
      while (found_[at].first == stamp_) at = (at + 1) & (kFoundSize - 1);
      found_[at] = {stamp_, static_cast<uint32_t>(i)};
    }
    return;
  }
  if (count > limits::kRowItemsMax) return;  // close() refuses the row
  size_t at = hash_of(item);
  while (found_[at].first == stamp_) {
    Item& known = items_[found_[at].second];
    if (is_same(known, item)) {
      known.is_kernel |= item.is_kernel;
      return;
    }
    at = (at + 1) & (kFoundSize - 1);
  }
  found_[at] = {stamp_, static_cast<uint32_t>(items_.size())};
  items_.push_back(item);
}

// All items that follow from those of the row being made; false when there are too many.
bool Chart::close(Row& row) {
  const auto here = static_cast<uint32_t>(rows_.size());
  for (size_t i = row.begin; i < items_.size(); ++i) {
    if (items_.size() - row.begin > limits::kRowItemsMax) return false;
    const Item item = items_[i];
    if (automaton_.info(item.state).accepts && item.origin != here) end_rule(item, row);
    const size_t calls = automaton_.info(item.state).calls.size();
    for (size_t c = 0; c < calls; ++c) {
      const Call call = automaton_.info(item.state).calls[c];
      const StateId start = automaton_.start(call.rule);
      // The last thing in a rule: what is called ends both. Lists that recurse on the right stay flat so.
      if (call.next == kDoneState && !call.reads_text) {
        add({start, item.rule, item.origin, false});
      } else {
        add({start, call.rule, here, false});
      }
    }
  }
  return true;
}

// Of a text that began at row `origin` only the beginning is known.
void Chart::read_unknown(StateId caller, const Call& call, uint32_t origin, Row& row) {
  const std::string_view begun = std::string_view(text_).substr(0, unknown_from_);
  const bool is_known = origin < begun.size() || (is_at_end_ && origin == begun.size());
  const std::string_view known = is_known ? begun.substr(origin) : "";
  row.reads_text |= automaton_.may_reject(caller, call, "");
  if (is_at_end_ && is_known && automaton_.list_rejected(caller, call, known, rejected_)) return;
  row.misses_text |= automaton_.may_reject(caller, call, known);
}

void Chart::end_rule(const Item& item, Row& row) {
  if (item.origin == kOutside) {
    row.ends_outside = true;
    return;
  }
  // Indices: adding items moves them, and making states moves those.
  const size_t begin = rows_[item.origin].begin;
  const size_t end = item.origin + 1 < rows_.size() ? rows_[item.origin + 1].begin : row.begin;
  for (size_t i = begin; i < end; ++i) {
    const Item caller = items_[i];
    const size_t calls = automaton_.info(caller.state).calls.size();
    for (size_t c = 0; c < calls; ++c) {
      const Call call = automaton_.info(caller.state).calls[c];
      if (call.rule != item.rule) continue;
      StateId next = call.next;
      if (call.reads_text && row.is_text_unknown) {
        read_unknown(caller.state, call, item.origin, row);
      } else if (call.reads_text) {
        const std::string_view text = std::string_view(text_).substr(item.origin);
        const bool is_harmless = is_trial_ && !automaton_.may_reject(caller.state, call, text);
        if (!is_harmless) next = automaton_.after(caller.state, call, text);
      }
      if (next != kDeadState) add({next, caller.rule, caller.origin, true});
    }
  }
}

// Takes back what a row had begun, unless the row was added: states may be refused half way.
class Chart::Draft {
 public:
  explicit Draft(Chart& chart) : chart_(chart), rows_(chart.rows_.size()), items_(chart.items_.size()) {}
  ~Draft() {
    chart_.is_at_end_ = false;
    if (chart_.rows_.size() > rows_) return;
    chart_.items_.resize(items_);
    chart_.text_.resize(rows_ - 1);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

 private:
  Chart& chart_;
  size_t rows_, items_;
};

bool Chart::push(uint8_t byte) {
  const Draft draft(*this);
  Row row{.begin = static_cast<uint32_t>(items_.size()), .is_text_unknown = rows_.back().is_text_unknown};
  begin_ = row.begin;
  ++stamp_;
  for (size_t i = rows_.back().begin; i < row.begin; ++i) {
    const Item item = items_[i];
    const StateId next = automaton_.step(item.state, byte);
    if (next != kDeadState) add({next, item.rule, item.origin, true});
  }
  if (items_.size() == row.begin) return false;
  text_.push_back(static_cast<char>(byte));
  if (!close(row)) return false;
  // A rule that ended in nothing but a text that must not be: the row is a dead end.
  bool is_live = row.ends_outside || row.misses_text;
  for (size_t i = row.begin; i < items_.size() && !is_live; ++i) is_live = items_[i].state != kDoneState;
  if (!is_live) return false;
  rows_.push_back(row);
  return true;
}

bool Chart::push(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (push(static_cast<uint8_t>(bytes[i]))) continue;
    pop(i);
    return false;
  }
  return true;
}

void Chart::pop(size_t rows) {
  ESTOC_CHECK(rows < rows_.size());
  if (rows == 0) return;
  items_.resize(rows_[rows_.size() - rows].begin);
  rows_.resize(rows_.size() - rows);
  text_.resize(text_.size() - rows);
}

bool Chart::push_end_of(const Item& item) {
  const Draft draft(*this);
  Row row{.begin = static_cast<uint32_t>(items_.size()), .is_text_unknown = true};
  begin_ = row.begin;
  ++stamp_;
  const Item copy = item;
  unknown_from_ = text_.size();
  rejected_.clear();
  text_.push_back('\0');
  is_at_end_ = true;
  end_rule(copy, row);
  if (!close(row)) return false;
  rows_.push_back(row);
  return true;
}

bool Chart::push_state(StateId state, uint8_t byte) {
  const Draft draft(*this);
  Row row{.begin = static_cast<uint32_t>(items_.size()), .is_text_unknown = rows_.back().is_text_unknown};
  begin_ = row.begin;
  ++stamp_;
  add({state, 0, kOutside, true});
  text_.push_back(static_cast<char>(byte));
  if (!close(row)) return false;
  rows_.push_back(row);
  return true;
}

}  // namespace estoc::grammar
