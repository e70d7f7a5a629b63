#include "layers/expert_weights.h"

#include <fmt/format.h>

#include <utility>

#include "layers/linear.h"
#include "weights/matrix_view.h"

namespace estoc {
namespace {

// The matrices of all experts as files keep them: all in one view, one after the other, or a view each.
struct ExpertStack {
  std::vector<MatrixView> views;
  int64_t rows = 0;  // of one expert, in the file
};

// Which of those rows belong to the matrix that is wanted: `count` rows of each expert, `step` apart, from `first` on.
struct RowChoice {
  int64_t first = 0, count = 0, step = 1;
};

class ExpertLoader {
 public:
  ExpertLoader(LoadContext& load, const MoeSpec& spec, int hidden) : load_(load), spec_(spec), hidden_(hidden) {}

  ExpertWeights all() {
    const std::string both = path(spec_.gate_up);
    if (!spec_.gate.empty() && is_stacked(both)) {
      const ExpertStack stack = stacked(both, 2 * int64_t{spec_.width}, hidden_);
      const RowChoice gate = half(0), up = half(1);
      const std::vector<float> biases = bias(both, 2 * int64_t{spec_.width});
      return {.gate = matrix(stack, gate),
              .up = matrix(stack, up),
              .down = down(),
              .gate_bias = chosen_bias(biases, gate),
              .up_bias = chosen_bias(biases, up),
              .down_bias = bias(path(spec_.down), hidden_),
              .activation = spec_.activation};
    }
    std::optional<ExpertMatrix> gate;
    if (!spec_.gate.empty()) gate = single(spec_.gate, spec_.width, hidden_);
    return {.gate = std::move(gate),
            .up = single(spec_.up, spec_.width, hidden_),
            .down = down(),
            .gate_bias = spec_.gate.empty() ? std::vector<float>() : bias(path(spec_.gate), spec_.width),
            .up_bias = bias(path(spec_.up), spec_.width),
            .down_bias = bias(path(spec_.down), hidden_),
            .activation = spec_.activation};
  }

 private:
  std::string path(const std::string& matrix) const { return spec_.experts + "." + matrix; }
  bool has(const std::string& name) const { return load_.source.find(name) != nullptr; }
  bool is_stacked(const std::string& name) const { return has(name) || has(name + ".weight") || has(name + "_blocks"); }

  ExpertMatrix down() { return single(spec_.down, hidden_, spec_.width); }

  // A matrix that is in no tensor with another one.
  ExpertMatrix single(const std::string& name, int64_t rows, int64_t columns) {
    const RowChoice whole{.count = rows};
    if (is_stacked(path(name))) return matrix(stacked(path(name), rows, columns), whole);
    ExpertStack stack{.rows = rows};
    for (int expert = 0; expert < spec_.rule.experts; ++expert) {
      stack.views.push_back(load_matrix(load_, fmt::format("{}.{}.{}", spec_.experts, expert, name), rows, columns));
    }
    return matrix(stack, whole);
  }

  ExpertStack stacked(const std::string& name, int64_t rows, int64_t columns) {
    ExpertStack stack{.rows = rows};
    const int64_t experts = spec_.rule.experts;
    if (has(name + "_blocks")) {
      constexpr int64_t kBlock = 32;
      const int64_t blocks[] = {experts, rows, columns / kBlock, kBlock / 2};
      const int64_t scales[] = {experts, rows, columns / kBlock};
      stack.views.push_back(
          MatrixView::mxfp4_of(load_.require(name + "_blocks", blocks), load_.require(name + "_scales", scales)));
      return stack;
    }
    const std::string found = has(name) ? name : name + ".weight";
    const WeightTensor* const tensor = load_.source.find(found);
    const bool has_blocks = tensor != nullptr && tensor->format->block_count > 1;
    if (!spec_.is_transposed || has_blocks || load_.source.container() == "gguf") {
      const int64_t shape[] = {experts, rows, columns};
      stack.views.emplace_back(load_.require(found, shape));
      return stack;
    }
    const int64_t shape[] = {experts, columns, rows};
    const MatrixView all(load_.require(found, shape));
    for (int64_t expert = 0; expert < experts; ++expert) {
      stack.views.push_back(all.slice_rows(expert * columns, columns).transposed());
    }
    return stack;
  }

  // Gate or up in a tensor of both.
  RowChoice half(int64_t which) const {
    const int64_t width = spec_.width;
    return {
        .first = spec_.is_interleaved ? which : which * width, .count = width, .step = spec_.is_interleaved ? 2 : 1};
  }

  // The chosen rows of experts [first, first + count).
  static MatrixView rows_of(const ExpertStack& stack, const RowChoice& choice, int64_t first, int64_t count) {
    const bool is_one_view = stack.views.size() == 1;
    const MatrixView& view = stack.views[is_one_view ? 0 : static_cast<size_t>(first)];
    const int64_t begin = (is_one_view ? first * stack.rows : 0) + choice.first;
    if (choice.step > 1) {  // and then all of them are that far apart, across experts, too
      return view.pick_rows(begin, count * choice.count, RowMap::groups(1, choice.step));
    }
    if (count == 1 || choice.count == stack.rows) return view.slice_rows(begin, count * choice.count);
    return view.pick_rows(begin, count * choice.count, RowMap::groups(choice.count, stack.rows));
  }

  ExpertMatrix matrix(const ExpertStack& stack, const RowChoice& choice) {
    const int experts = spec_.rule.experts;
    std::vector<Weight> weights;
    if (stack.views.size() == 1 && ExpertMatrix::fills_panels(choice.count)) {
      const MatrixView all = rows_of(stack, choice, 0, experts);
      const QuantFormat& format = Weight::format_as(all.format(), load_.weights, all.columns());
      const bool is_packed = Weight::form_of(format, load_.mode) == Weight::Form::packed;
      // Where rows are multiplied as they lie, an expert's lie evenly though those of all may not.
      if (is_packed || all.has_even_runs(Weight::kDecodedRows)) weights.push_back(load_weight(load_, all));
    }
    if (weights.empty()) {
      for (int expert = 0; expert < experts; ++expert) {
        weights.push_back(load_weight(load_, rows_of(stack, choice, expert, 1)));
      }
    }
    return {std::move(weights), experts};
  }

  // [experts][rows], or nothing.
  std::vector<float> bias(const std::string& name, int64_t rows) {
    const std::string found = has(name + "_bias") ? name + "_bias" : name + ".bias";
    if (!has(found)) return {};
    const int64_t shape[] = {spec_.rule.experts, rows};
    const WeightTensor& tensor = load_.require(found, shape);
    std::vector<float> values(static_cast<size_t>(spec_.rule.experts * rows));
    for (int64_t expert = 0; expert < spec_.rule.experts; ++expert) {
      tensor.decode_row(expert, values.data() + expert * rows);
    }
    load_.took(tensor.bytes.size());
    return values;
  }
  std::vector<float> chosen_bias(const std::vector<float>& both, const RowChoice& choice) const {
    std::vector<float> chosen;
    for (size_t expert = 0; expert * 2 * static_cast<size_t>(spec_.width) < both.size(); ++expert) {
      for (int64_t row = 0; row < choice.count; ++row) {
        const int64_t at = 2 * int64_t{spec_.width} * static_cast<int64_t>(expert) + choice.first + row * choice.step;
        chosen.push_back(both[static_cast<size_t>(at)]);
      }
    }
    return chosen;
  }

  LoadContext& load_;
  const MoeSpec& spec_;
  const int64_t hidden_;
};

}  // namespace

ExpertWeights load_experts(LoadContext& load, const MoeSpec& spec, int hidden) {
  return ExpertLoader(load, spec, hidden).all();
}

}  // namespace estoc
