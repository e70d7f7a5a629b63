#include "grammar/completion.h"

#include <algorithm>

namespace estoc::grammar {
namespace {

constexpr uint64_t kAttempts = 8;
constexpr size_t kDetoursMax = 200;  // bytes of one attempt that do not lead nearer to the end

uint64_t mixed(uint64_t value) {
  value = (value ^ value >> 31) * 0x9E3779B97F4A7C15ull;
  return value ^ value >> 27;
}

}  // namespace

void Completion::forget(size_t rows) {
  std::erase_if(behind_, [&](const auto& one) { return one.first >= rows; });
}

// Of all rules that began in the row; the rows in which its own began are known.
void Completion::find_behind(const Chart& chart, uint32_t row) {
  std::vector<Behind> found;
  const auto known = [&](RuleId rule) {
    const auto at = std::find_if(found.begin(), found.end(), [&](const Behind& one) { return one.rule == rule; });
    return at == found.end() ? Distances::kFar : at->bytes;
  };
  for (bool has_changed = true; has_changed;) {
    has_changed = false;
    for (const Chart::Item& item : chart.row(row)) {
      uint32_t after = 0;
      if (item.origin == row) {
        after = known(item.rule);
      } else if (item.origin != Chart::kOutside) {
        after = behind(chart, item.rule, item.origin);
      }
      if (after >= Distances::kFar) continue;
      const std::vector<Call> calls = automaton_.info(item.state).calls;
      for (const Call& call : calls) {
        const uint32_t bytes = std::min(Distances::kFar, distances_.from(call.next).bytes + after);
        if (bytes >= known(call.rule)) continue;
        std::erase_if(found, [&](const Behind& one) { return one.rule == call.rule; });
        found.push_back({call.rule, bytes});
        has_changed = true;
      }
    }
  }
  behind_[row] = std::move(found);
}

uint32_t Completion::behind(const Chart& chart, RuleId rule, uint32_t origin) {
  std::vector<uint32_t> open{origin};  // rows lie deep in each other
  while (!open.empty()) {
    const uint32_t row = open.back();
    bool is_ready = true;
    for (const Chart::Item& item : chart.row(row)) {
      if (item.origin == Chart::kOutside || item.origin == row || behind_.contains(item.origin)) continue;
      open.push_back(item.origin);
      is_ready = false;
    }
    if (!is_ready) continue;
    open.pop_back();
    if (!behind_.contains(row)) find_behind(chart, row);
  }
  for (const Behind& one : behind_[origin]) {
    if (one.rule == rule) return one.bytes;
  }
  return Distances::kFar;
}

Completion::Best Completion::best(const Chart& chart) {
  if (chart.ends_outside()) return {0, -1};
  Best out;
  for (const Chart::Item& item : chart.last()) {
    const Distances::Way way = distances_.from(item.state);
    if (way.byte < 0) continue;  // what it calls stands in the row too
    const uint32_t after = item.origin == Chart::kOutside ? 0 : behind(chart, item.rule, item.origin);
    if (way.bytes + after < out.bytes) out = {way.bytes + after, way.byte};
  }
  return out;
}

// The byte that leads to where the end is nearest, one of those that are equally good.
bool Completion::detour(Chart& chart, uint64_t random) {
  uint32_t least = Distances::kFar;
  std::vector<uint8_t> bytes;
  for (int byte = 0; byte < 256; ++byte) {
    if (!chart.push(static_cast<uint8_t>(byte))) continue;
    const uint32_t rest = best(chart).bytes;
    if (rest < least) bytes.clear();
    least = std::min(least, rest);
    if (rest == least && rest < Distances::kFar) bytes.push_back(static_cast<uint8_t>(byte));
    forget(chart.row_count() - 1);
    chart.pop(1);
  }
  return !bytes.empty() && chart.push(bytes[mixed(random) % bytes.size()]);
}

bool Completion::attempt(Chart& chart, size_t most, uint64_t seed) {
  size_t detours = 0;
  const size_t rows = chart.row_count();
  while (!chart.ends_outside()) {
    if (chart.row_count() - rows >= most) return false;
    // Later attempts leave the way now and then.
    const bool is_astray = seed > 0 && mixed(seed << 20 ^ chart.row_count()) % 4 == 0;
    const Best next = best(chart);
    if (!is_astray && next.byte >= 0 && chart.push(static_cast<uint8_t>(next.byte))) continue;
    if (++detours > kDetoursMax || !detour(chart, seed << 32 ^ chart.row_count())) return false;
  }
  return true;
}

std::optional<std::string> Completion::find(Chart& chart, size_t most) {
  const size_t rows = chart.row_count();
  std::optional<std::string> out;
  for (uint64_t seed = 0; seed < kAttempts && !out; ++seed) {
    behind_.clear();
    if (attempt(chart, most, seed)) out = std::string(chart.text().substr(rows - 1));
    chart.pop(chart.row_count() - rows);
  }
  behind_.clear();
  return out;
}

}  // namespace estoc::grammar
