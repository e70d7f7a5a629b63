#include "layers/expert_tensors.h"

#include <fmt/format.h>

namespace estoc {
namespace {

class ExpertFinder {
 public:
  ExpertFinder(const WeightSource& source, const MoeSpec& spec, int hidden, const RequireTensor& require)
      : source_(source), spec_(spec), hidden_(hidden), require_(require) {}

  ExpertTensors all() const {
    const std::string both = path(spec_.gate_up);
    const ExpertRows down = single(spec_.down, hidden_, spec_.width);
    const ExpertBias down_bias = bias(path(spec_.down), hidden_);
    if (!spec_.gate.empty() && is_stacked(both)) {
      const ExpertRows stack = stacked(both, 2 * int64_t{spec_.width}, hidden_);
      const ExpertBias biases = bias(both, 2 * int64_t{spec_.width});
      return {half(stack, 0), half(stack, 1), down, half(biases, 0), half(biases, 1), down_bias};
    }
    ExpertTensors tensors{.up = single(spec_.up, spec_.width, hidden_),
                          .down = down,
                          .up_bias = bias(path(spec_.up), spec_.width),
                          .down_bias = down_bias};
    if (spec_.gate.empty()) return tensors;
    tensors.gate = single(spec_.gate, spec_.width, hidden_);
    tensors.gate_bias = bias(path(spec_.gate), spec_.width);
    return tensors;
  }

 private:
  std::string path(const std::string& matrix) const { return spec_.experts + "." + matrix; }
  bool has(const std::string& name) const { return source_.find(name) != nullptr; }
  bool is_stacked(const std::string& name) const { return has(name) || has(name + ".weight") || has(name + "_blocks"); }

  // A matrix that is in no tensor with another one.
  ExpertRows single(const std::string& name, int64_t rows, int64_t columns) const {
    if (is_stacked(path(name))) return stacked(path(name), rows, columns);
    ExpertRows each{.stored = rows, .count = rows};
    const int64_t shape[] = {rows, columns};
    for (int expert = 0; expert < spec_.rule.experts; ++expert) {
      each.views.emplace_back(require_(fmt::format("{}.{}.{}.weight", spec_.experts, expert, name), shape));
    }
    return each;
  }

  ExpertRows stacked(const std::string& name, int64_t rows, int64_t columns) const {
    ExpertRows stack{.stored = rows, .count = rows};
    const int64_t experts = spec_.rule.experts;
    if (has(name + "_blocks")) {
      constexpr int64_t kBlock = 32;
      const int64_t blocks[] = {experts, rows, columns / kBlock, kBlock / 2};
      const int64_t scales[] = {experts, rows, columns / kBlock};
      stack.views.push_back(
          MatrixView::mxfp4_of(require_(name + "_blocks", blocks), require_(name + "_scales", scales)));
      return stack;
    }
    const std::string found = has(name) ? name : name + ".weight";
    const WeightTensor* const tensor = source_.find(found);
    const bool has_blocks = tensor != nullptr && tensor->format->block_count > 1;
    if (!spec_.is_transposed || has_blocks || source_.container() == "gguf") {
      const int64_t shape[] = {experts, rows, columns};
      stack.views.emplace_back(require_(found, shape));
      return stack;
    }
    const int64_t shape[] = {experts, columns, rows};
    const MatrixView all(require_(found, shape));
    for (int64_t expert = 0; expert < experts; ++expert) {
      stack.views.push_back(all.slice_rows(expert * columns, columns).transposed());
    }
    return stack;
  }

  // Gate or up in what has both.
  template <class Both>
  Both half(Both both, int64_t which) const {
    both.first = spec_.is_interleaved ? which : which * spec_.width;
    both.count = spec_.width;
    both.step = spec_.is_interleaved ? 2 : 1;
    return both;
  }

  // [experts][rows], or nothing.
  ExpertBias bias(const std::string& name, int64_t rows) const {
    const std::string found = has(name + "_bias") ? name + "_bias" : name + ".bias";
    if (!has(found)) return {};
    const int64_t shape[] = {spec_.rule.experts, rows};
    return {.tensor = &require_(found, shape), .stored = rows, .count = rows};
  }

  const WeightSource& source_;
  const MoeSpec& spec_;
  const int64_t hidden_;
  const RequireTensor& require_;
};

}  // namespace

MatrixView ExpertRows::of(int64_t expert, int64_t number) const {
  const MatrixView& view = views[is_one_view() ? 0 : static_cast<size_t>(expert)];
  const int64_t begin = (is_one_view() ? expert * stored : 0) + first;
  if (step > 1) {  // and then all of them are that far apart, across experts, too
    return view.pick_rows(begin, number * count, RowMap::groups(1, step));
  }
  if (number == 1 || count == stored) return view.slice_rows(begin, number * count);
  return view.pick_rows(begin, number * count, RowMap::groups(count, stored));
}

ExpertTensors find_experts(const WeightSource& source, const MoeSpec& spec, int hidden, const RequireTensor& require) {
  return ExpertFinder(source, spec, hidden, require).all();
}

}  // namespace estoc
