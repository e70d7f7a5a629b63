#include "grammar/row_numbers.h"

#include "grammar/limits.h"

namespace estoc::grammar {

size_t RowNumbers::Hash::operator()(const std::vector<uint32_t>& key) const {
  uint64_t mixed = key.size();
  for (const uint32_t one : key) {
    mixed = (mixed ^ one) * 0x9E3779B97F4A7C15ull;
    mixed ^= mixed >> 29;
  }
  return static_cast<size_t>(mixed);
}

uint32_t RowNumbers::number(Chart& chart, size_t row) {
  if (numbers_.size() >= limits::kRowNumbersMax || next_ >= UINT32_MAX - limits::kRowNumbersMax) {
    numbers_.clear();
    if (next_ >= UINT32_MAX - limits::kRowNumbersMax) return 0;  // nobody's text is that long
    first_ = next_;
  }
  open_.assign(1, row);
  while (!open_.empty()) {
    const size_t at = open_.back();
    if (chart.number(at) >= first_) {
      open_.pop_back();
      continue;
    }
    key_.clear();
    bool is_ready = true;
    for (const Chart::Item& item : chart.row(at)) {
      if (!item.is_kernel) continue;  // what is called follows from the others
      const bool has_origin = item.origin != Chart::kOutside && item.origin != at;
      if (has_origin && chart.number(item.origin) < first_) {
        open_.push_back(item.origin);
        is_ready = false;
      }
      const uint32_t origin = !has_origin ? (item.origin == at ? 1 : 0) : is_ready ? chart.number(item.origin) + 1 : 0;
      key_.insert(key_.end(), {item.state, item.rule, origin});
    }
    if (!is_ready) continue;
    const auto [found, is_new] = numbers_.try_emplace(key_, next_);
    if (is_new) ++next_;
    chart.number(at) = found->second;
    open_.pop_back();
  }
  return chart.number(row);
}

}  // namespace estoc::grammar
