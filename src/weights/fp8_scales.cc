#include "weights/fp8_scales.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/log.h"
#include "base/shown.h"
#include "quant/f8.h"
#include "weights/tensor_extent.h"

namespace estoc {
namespace {

constexpr int64_t kBlockMax = 1 << 20;  // rows or columns that share a factor

std::string_view text_of(const Json& config, std::string_view key) {
  const Json* value = config.find(key);
  return value != nullptr && value->is_string() ? std::string_view(value->as_string()) : std::string_view();
}

bool is_set(const Json& config, std::string_view key) {
  const Json* value = config.find(key);
  return value != nullptr && !value->is_null();
}

[[noreturn]] void refuse(const std::string& path, std::string_view method, std::string_view what) {
  fail(ErrorCode::unsupported, "{}: the weights are quantized with '{}'{}, which is not supported", path, shown(method),
       what);
}

// [rows, columns] under `key`, or nothing.
void read_block(const Json& config, std::string_view key, const std::string& path, Fp8Scheme& scheme) {
  if (!is_set(config, key)) return;
  const Json& block = *config.find(key);
  const auto is_size = [](const Json& value) {
    return value.is_int() && value.as_double() >= 1 && value.as_double() <= static_cast<double>(kBlockMax);
  };
  if (!block.is_array() || block.as_array().size() != 2 || !std::ranges::all_of(block.as_array(), is_size)) {
    fail(ErrorCode::corrupt_file, "{}: {} is {}, expected two sizes from 1 to {}", path, key,
         to_json(block).substr(0, 100), kBlockMax);
  }
  const int64_t rows = block.as_array()[0].as_int(), columns = block.as_array()[1].as_int();
  if (scheme.block_rows != 0 && (scheme.block_rows != rows || scheme.block_columns != columns)) {
    fail(ErrorCode::unsupported, "{}: {} is [{}, {}] here and [{}, {}] there, expected one size of blocks", path, key,
         scheme.block_rows, scheme.block_columns, rows, columns);
  }
  scheme = {.block_rows = rows, .block_columns = columns};
}

// compressed-tensors: groups of modules, each with what its weights are.
Fp8Scheme read_groups(const Json& config, const std::string& path) {
  constexpr std::string_view kMethod = "compressed-tensors";
  constexpr std::string_view kFormats[] = {"float-quantized", "naive-quantized"};
  const auto check_format = [&](std::string_view format) {
    if (std::ranges::find(kFormats, format) == std::end(kFormats)) {
      refuse(path, kMethod, fmt::format(" in format '{}' (float-quantized is)", shown(format)));
    }
  };
  for (const char* key : {"transform_config", "sparsity_config"}) {
    const bool is_dense = text_of(config.find(key) == nullptr ? Json() : *config.find(key), "format") == "dense";
    const bool is_empty = is_set(config, key) && config.find(key)->is_object() && config.find(key)->as_object().empty();
    if (is_set(config, key) && !is_dense && !is_empty) refuse(path, kMethod, fmt::format(" and a {}", key));
  }
  const Json* groups = config.find("config_groups");
  if (groups == nullptr || !groups->is_object() || groups->as_object().empty()) {
    fail(ErrorCode::corrupt_file, "{}: quantization_config has no config_groups", path);
  }
  Fp8Scheme scheme;
  for (const auto& [name, group] : groups->as_object()) {
    check_format(is_set(group, "format") ? text_of(group, "format") : text_of(config, "format"));
    const Json* weights = group.find("weights");
    if (weights == nullptr || !weights->is_object()) {
      fail(ErrorCode::corrupt_file, "{}: {} of config_groups has no weights", path, shown(name));
    }
    const Json* bits = weights->find("num_bits");
    const Json* is_symmetric = weights->find("symmetric");
    if (bits == nullptr || !(*bits == Json(8)) || text_of(*weights, "type") != "float" ||
        (is_symmetric != nullptr && *is_symmetric == Json(false))) {
      refuse(path, kMethod, fmt::format(" and the weights of {} are {} (symmetric floats of 8 bits are)", shown(name),
                                        to_json(*weights).substr(0, 100)));
    }
    const std::string_view strategy = text_of(*weights, "strategy");
    if (strategy == "block") {
      read_block(*weights, "block_structure", path, scheme);
    } else if (strategy != "tensor" && strategy != "channel") {
      refuse(path, kMethod, fmt::format(" and strategy '{}' (tensor, channel and block are)", shown(strategy)));
    }
  }
  return scheme;
}

Fp8Scheme read_modelopt(const Json& config, const std::string& path) {
  const std::string_view algorithm = text_of(config, "quant_algo");
  if (algorithm == "FP8_PB_WO") return {.block_rows = 128, .block_columns = 128};
  if (algorithm == "FP8" || algorithm == "FP8_PER_CHANNEL_PER_TOKEN") return {};
  refuse(path, "modelopt",
         fmt::format(" by '{}' (FP8, FP8_PER_CHANNEL_PER_TOKEN and FP8_PB_WO are)", shown(algorithm)));
}

// What was measured for activations, keys and values.
bool is_unused_scale(std::string_view name) {
  constexpr std::string_view kEnds[] = {".input_scale", ".input_scale_ub", ".activation_scale", ".output_scale",
                                        ".k_scale",     ".v_scale",        ".q_scale",          ".prob_output_scale"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return name.ends_with(end); });
}

constexpr std::string_view kFactors[] = {"_scale_inv", "_scale"};

// The factors of one tensor, whose shape must say what they are factors of.
BlockScales scales_of(const WeightTensor& tensor, const WeightTensor& factors, const Fp8Scheme& scheme) {
  constexpr std::string_view kTypes[] = {"f32", "bf16", "f16", "f8_e8m0"};
  if (std::ranges::find(kTypes, factors.format->name) == std::end(kTypes)) {
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' is stored as {}, expected f32, bf16, f16 or f8_e8m0", factors.file,
         shown(factors.source_name), factors.format->name);
  }
  const std::vector<int64_t>& shape = tensor.shape;
  const int64_t stacked = shape.size() == 3 ? shape[0] : 1, rows = tensor.rows() / stacked, columns = tensor.columns();
  BlockScales scales{.format = factors.format, .bytes = factors.bytes, .block_columns = columns};
  if (factors.element_count() == 1) {
    scales.block_rows = tensor.rows();
    return scales;
  }
  std::vector<int64_t> found = factors.shape;
  if (scheme.block_rows != 0) {
    const int64_t down = (rows + scheme.block_rows - 1) / scheme.block_rows;
    const int64_t across = (columns + scheme.block_columns - 1) / scheme.block_columns;
    std::vector<int64_t> grid = shape.size() == 3 ? std::vector{stacked, down, across} : std::vector{down, across};
    const bool has_ones = found == std::vector{down, int64_t{1}, across, int64_t{1}};  // one exporter's blocks
    if ((found == grid || has_ones) && (stacked == 1 || rows % scheme.block_rows == 0)) {
      scales.block_rows = scheme.block_rows;
      scales.block_columns = scheme.block_columns;
      scales.columns = across;
      return scales;
    }
    fail(ErrorCode::corrupt_file, "{}: tensor '{}' has shape {}, expected {}: a factor for {} x {} values of '{}' {}",
         factors.file, shown(factors.source_name), shape_text(found), shape_text(grid), scheme.block_rows,
         scheme.block_columns, shown(tensor.source_name), shape_text(shape));
  }
  if (found.size() == shape.size() && found.back() == 1) found.pop_back();
  if (std::equal(found.begin(), found.end(), shape.begin(), shape.end() - 1)) return scales;
  fail(ErrorCode::corrupt_file, "{}: tensor '{}' has shape {}, expected one factor or one for each row of '{}' {}",
       factors.file, shown(factors.source_name), shape_text(factors.shape), shown(tensor.source_name),
       shape_text(shape));
}

void check_factors(const WeightTensor& factors) {
  std::vector<float> values(static_cast<size_t>(factors.element_count()));
  factors.format->decode(factors.bytes.data(), values.data(), std::ssize(values));
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    fail(ErrorCode::corrupt_file, "{}: element {} of tensor '{}' is {}, expected a finite factor", factors.file, i,
         shown(factors.source_name), values[i]);
  }
}

}  // namespace

Fp8Scheme read_fp8_scheme(const Json& quantization, const std::string& path) {
  const Json* method = quantization.find("quant_method");
  const std::string_view name = method == nullptr && is_set(quantization, "quant_algo")
                                    ? std::string_view("modelopt")
                                    : text_of(quantization, "quant_method");
  if (name == "compressed-tensors") return read_groups(quantization, path);
  if (name == "modelopt") return read_modelopt(quantization, path);
  if (name != "fp8" && name != "fbgemm_fp8") refuse(path, name.empty() ? "an unknown method" : name, "");
  const std::string_view numbers = text_of(quantization, "fmt");
  if (is_set(quantization, "fmt") && numbers != "e4m3" && numbers != "float8_e4m3fn") {
    refuse(path, name, fmt::format(" as {} (e4m3 is)", to_json(*quantization.find("fmt")).substr(0, 100)));
  }
  Fp8Scheme scheme;
  read_block(quantization, "weight_block_size", path, scheme);
  return scheme;
}

std::vector<WeightTensor> with_scales(std::vector<WeightTensor> tensors, const std::optional<Fp8Scheme>& scheme,
                                      const std::string& config_path) {
  std::unordered_map<std::string_view, const WeightTensor*> by_name;
  for (const WeightTensor& tensor : tensors) by_name.emplace(tensor.name, &tensor);
  std::unordered_set<std::string_view> factor_names;
  for (WeightTensor& tensor : tensors) {
    if (tensor.format != &f8_e4m3) continue;
    if (!scheme) {
      fail(ErrorCode::unsupported, "{}: tensor '{}' is FP8, expected a quantization_config in {} that says how",
           tensor.file, shown(tensor.source_name), config_path);
    }
    const auto* const end = std::ranges::find_if(
        kFactors, [&](std::string_view ending) { return by_name.contains(tensor.name + std::string(ending)); });
    if (tensor.shape.size() < 2 || tensor.shape.size() > 3 || tensor.element_count() == 0 ||
        end == std::end(kFactors)) {
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' is FP8 of shape {}, expected a matrix and its scale '{}{}'",
           tensor.file, shown(tensor.source_name), shape_text(tensor.shape), shown(tensor.source_name),
           scheme->block_rows != 0 ? kFactors[0] : kFactors[1]);
    }
    const WeightTensor& factors = *by_name.at(tensor.name + std::string(*end));
    check_factors(factors);
    tensor.scales = scales_of(tensor, factors, *scheme);
    factor_names.insert(factors.name);
  }
  if (!scheme) return tensors;
  size_t unused = 0;
  std::vector<WeightTensor> rest;
  for (WeightTensor& tensor : tensors) {
    if (factor_names.contains(tensor.name)) continue;
    if (is_unused_scale(tensor.name)) {
      ++unused;
      continue;
    }
    for (const std::string_view end : kFactors) {
      if (!tensor.name.ends_with("weight" + std::string(end))) continue;
      fail(ErrorCode::corrupt_file, "{}: tensor '{}' has no FP8 tensor beside it that it scales", tensor.file,
           shown(tensor.source_name));
    }
    rest.push_back(std::move(tensor));
  }
  if (unused > 0) {
    log_info("{}: {} scales of activations, keys and values are not used: those are not rounded to FP8", config_path,
             unused);
  }
  return rest;
}

}  // namespace estoc
