#include "layers/linear.h"

#include <array>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "layers/spec_matrix.h"
#include "ops/elementwise.h"

namespace estoc {
namespace {

std::vector<float> load_bias(LoadContext& load, const std::string& name, int64_t rows) {
  if (load.source.find(name + ".bias") == nullptr) return {};
  return load_vector(load, name + ".bias", rows);
}

std::vector<float> load_bias(LoadContext& load, const MatrixSpec& spec, int64_t rows, const RowMap& order) {
  const std::vector<float> all = load_bias(load, spec.name, tensor_rows(spec, rows));
  if (all.empty()) return {};
  const RowMap map = rows_of(spec, order);
  std::vector<float> bias(static_cast<size_t>(rows));
  for (size_t r = 0; r < bias.size(); ++r) {
    bias[r] = all.at(static_cast<size_t>(spec.first_row + map.stored_row(static_cast<int64_t>(r))));
  }
  return bias;
}

}  // namespace

Linear::Linear(LoadContext& load, const std::string& name, int64_t rows, int64_t columns)
    : Linear(load, load_matrix(load, name, rows, columns), load_bias(load, name, rows)) {}

Linear::Linear(LoadContext& load, const MatrixSpec& spec, int64_t rows, int64_t columns, const RowMap& order)
    : Linear(load, load_matrix(load, spec, rows, columns, order), load_bias(load, spec, rows, order)) {}

Linear::Linear(LoadContext& load, const MatrixView& matrix, std::vector<float> bias)
    : weight_(load_weight(load, matrix)), bias_(std::move(bias)) {
  ESTOC_CHECK(bias_.empty() || std::ssize(bias_) == matrix.rows());
}

Weight load_weight(LoadContext& load, const MatrixView& matrix) {
  Weight weight(
      matrix, load.mode, load.compute, load.packed_store, [&load] { load.source.release_pages(); }, load.weights);
  load.took(matrix.stored_bytes());
  return weight;
}

MatrixView load_matrix(LoadContext& load, const std::string& name, int64_t rows, int64_t columns) {
  const int64_t shape[] = {rows, columns};
  return MatrixView(load.require(name + ".weight", shape));
}

MatrixView load_matrix(LoadContext& load, const MatrixSpec& spec, int64_t rows, int64_t columns, const RowMap& order) {
  return spec_matrix(spec, rows, columns, order,
                     [&](const std::string& name, std::span<const int64_t> shape) -> const WeightTensor& {
                       return load.require(name, shape);
                     });
}

std::vector<float> load_vector(LoadContext& load, const std::string& name, int64_t count) {
  const int64_t shape[] = {count};
  const WeightTensor& tensor = load.require(name, shape);
  std::vector<float> values(static_cast<size_t>(count));
  tensor.decode_row(0, values.data());
  load.took(tensor.bytes.size());
  return values;
}

RowForm form_of(const Compute& compute, int64_t row_count, std::initializer_list<const Linear*> readers) {
  const RowForm form = (*readers.begin())->reads(compute, row_count);
  for (const Linear* reader : readers) {
    if (reader->reads(compute, row_count) != form) return RowForm::values;
  }
  return form;
}

void forward(const Compute& compute, Rows& x, std::span<const LinearOutput> outputs, const DecodeScratch& scratch) {
  std::array<Product, 6> products;
  ESTOC_CHECK(outputs.size() <= products.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const LinearOutput& output = outputs[i];
    if (output.is_added) {
      output.out->touch();
    } else {
      output.out->reset(x.count(), output.linear->weight().rows());
    }
    products[i] = {&output.linear->weight(), {output.out->row(0), output.out->stride(), output.is_added}};
  }
  matmul(compute, x, {products.data(), outputs.size()}, scratch);
  std::array<BiasedRows, products.size()> biased;
  size_t count = 0;
  for (const LinearOutput& output : outputs) {
    const std::span<const float> bias = output.linear->bias();
    if (!bias.empty() && !output.leaves_bias) biased[count++] = {bias, output.out};
  }
  add_bias(compute, {biased.data(), count});
}

}  // namespace estoc
