#include "models/unused_tensors.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

// The layer in "model.layers.3.mlp.x" and in names of GGUF that have no translation, "blk.3.x".
std::optional<int> layer_of(std::string_view name) {
  for (const std::string_view start : {"model.layers.", "blk."}) {
    if (!name.starts_with(start)) continue;
    int layer = 0;
    const auto [end, error] = std::from_chars(name.data() + start.size(), name.data() + name.size(), layer);
    if (error == std::errc()) return layer;
  }
  return std::nullopt;
}

}  // namespace

bool is_leftover(std::string_view name) {
  constexpr std::string_view kEndings[] = {
      "rotary_emb.inv_freq",       ".masked_bias",         ".attn.bias", ".attention.bias", "rope_factors_long.weight",
      "rope_factors_short.weight", ".attn_rot_embd.weight"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

void refuse_unused_tensors(const LoadContext& load, std::string_view family, int layers,
                           std::span<const std::string_view> other_heads) {
  constexpr size_t kShownMax = 10;
  std::string names;
  size_t count = 0;
  for (const WeightTensor* tensor : load.unused()) {
    if (is_leftover(tensor->name)) continue;
    if (std::ranges::any_of(other_heads, [&](std::string_view head) { return tensor->name.starts_with(head); }))
      continue;
    const std::optional<int> layer = layer_of(tensor->name);
    if ((layer && *layer < layers) || tensor->name.ends_with(".bias")) {
      fail(ErrorCode::unsupported, "{}: tensor '{}' is not computed with in the family '{}'", tensor->file,
           shown(tensor->source_name), family);
    }
    if (++count <= kShownMax) names += (names.empty() ? "" : ", ") + shown(tensor->source_name);
  }
  if (count > kShownMax) names += ", ...";
  if (count > 0) log_warn("{}: {} tensors are not used: {}", load.source.path(), count, names);
}

}  // namespace estoc
