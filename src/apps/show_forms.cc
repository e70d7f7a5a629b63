#include "apps/show_forms.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/thread_team.h"
#include "ops/weight.h"
#include "quant/affine.h"
#include "weights/matrix_view.h"

namespace estoc {
namespace {

constexpr int64_t kManyRows = 1 << 20;

// "model.layers.3.mlp.up_proj.weight" is "model.layers.*.mlp.up_proj".
std::string kind_of(const std::string& name) {
  std::string kind;
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const std::string_view word = std::string_view(name).substr(begin, end - begin);
    const bool is_number = word.find_first_not_of("0123456789") == std::string_view::npos;
    if (word != "weight") kind += (kind.empty() ? "" : ".") + std::string(is_number ? "*" : word);
    begin = end + 1;
  }
  return kind;
}

std::string why_form(const QuantFormat& format, Weight::Form form, ComputeMode mode) {
  switch (form) {
    case Weight::Form::packed:
      return fmt::format("packed: {} is integers of {} bits with scales", format.name, format.affine->bits);
    case Weight::Form::dense:
      return "dense: rows are multiplied as they are stored";
    case Weight::Form::decoded:
      return mode == ComputeMode::exact ? "decoded: exact mode computes with f32"
                                        : fmt::format("decoded: {} has no integer form", format.name);
  }
  return {};
}

std::string why_rows(const QuantFormat& format, Weight::Form form, int64_t columns, const Compute& compute) {
  const bool is_packed = form == Weight::Form::packed;
  const std::string few = !is_packed ? "f32" : compute.has_wide_activations ? "int16" : "int8";
  const auto reads = [&](int64_t rows) { return Weight::reads_of(format, form, columns, compute, rows); };
  const RowForm many = reads(kManyRows);
  if (many == reads(1)) {
    if (!is_packed) return "activations f32";
    return few + " activations" +
           (compute.is_deterministic ? " for any number of rows: deterministic" : "; no faster way for many rows here");
  }
  int from = 1;
  while (reads(from) != many) ++from;
  return fmt::format("{} activations, {} from {} rows on", few,
                     many == RowForm::tiles ? "bf16 tiles" : "8-bit code tiles", from);
}

}  // namespace

std::string show_forms(const WeightSource& weights, const ModelInfo& info, const ModelSettings& settings) {
  ThreadTeam team(1);
  Compute compute = default_compute(team);
  compute.has_wide_activations = has_wide_activations(info, settings.activations);
  compute.is_deterministic = settings.is_deterministic;
  std::map<std::pair<std::string, std::string>, int> counts;  // of kind and what is said of it
  std::vector<std::pair<std::string, std::string>> order;
  for (const WeightTensor& tensor : weights.tensors()) {
    if (tensor.shape.size() != 2) continue;
    const MatrixView matrix(tensor);
    const bool is_fast = settings.compute == ComputeMode::fast;
    const QuantFormat& format =
        is_fast ? Weight::format_as(matrix.format(), settings.weights.value_or(WeightType::as_stored), matrix.columns())
                : matrix.format();
    const Weight::Form form = Weight::form_of(format, settings.compute);
    const std::string said =
        fmt::format("{:>7} x {:<7} {}; {}", matrix.rows(), matrix.columns(), why_form(format, form, settings.compute),
                    why_rows(format, form, matrix.columns(), compute));
    if (++counts[{kind_of(tensor.name), said}] == 1) order.emplace_back(kind_of(tensor.name), said);
  }
  std::string text;
  for (const auto& line : order) {
    text += fmt::format("{:<40} {:>4} x {}\n", line.first, counts[line], line.second);
  }
  return text;
}

}  // namespace estoc
