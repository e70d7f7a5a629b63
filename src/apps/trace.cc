// `estoc trace MODEL PROMPT`: what a prompt is after the embedding, after each layer and as logits: its length, the
// beginning of its last row, and a checksum of all its bits. The first two are to be held beside another implementation
// (tools/trace_transformers.py), where a wrong family shows at the first layer that differs; the checksums beside
// another build of this one (tools/same_bits). The prompt is computed --batch-tokens at a time.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "apps/commands.h"
#include "apps/process_options.h"
#include "apps/read_settings.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/hash.h"
#include "checkpoint/checkpoint.h"
#include "models/single_sequence.h"
#include "ops/rows.h"

namespace estoc {
namespace {

constexpr int kTokensMax = 4096;  // each brings a row of logits
constexpr size_t kShown = 4;      // values of the last row

// One place of the forward pass, over all rows that came by.
struct Trail {
  std::string place;
  double squares = 0;
  Hasher bits;
  std::vector<float> last_row;

  void add(const float* row, int64_t columns) {
    for (int64_t i = 0; i < columns; ++i) squares += double{row[i]} * row[i];
    bits.add(std::as_bytes(std::span(row, static_cast<size_t>(columns))));
    last_row.assign(row, row + std::min<int64_t>(columns, kShown));
  }
};

std::vector<TokenId> parse_tokens(std::string_view list, int vocab) {
  std::vector<TokenId> tokens;
  while (!list.empty()) {
    const std::string_view word = list.substr(0, list.find(','));
    TokenId id = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size() || id < 0 || id >= vocab) {
      fail(ErrorCode::invalid_argument, "--tokens: '{}' is not a token of the model, expected 0 to {}",
           word.substr(0, 40), vocab - 1);
    }
    tokens.push_back(id);
    list.remove_prefix(std::min(list.size(), word.size() + 1));
  }
  return tokens;
}

std::vector<TokenId> prompt_of(const TraceOptionValues& options, const Checkpoint& checkpoint, int vocab) {
  std::vector<TokenId> tokens =
      options.tokens.empty()
          ? checkpoint.tokenizer->encode(options.prompt, {.add_special = false, .parse_special = false})
          : parse_tokens(options.tokens, vocab);
  if (tokens.empty() || tokens.size() > kTokensMax) {
    fail(ErrorCode::invalid_argument, "the prompt has {} tokens, expected 1 to {}", tokens.size(), kTokensMax);
  }
  return tokens;
}

std::vector<StackPlace> one_place_a_layer(int layers) {
  std::vector<StackPlace> places;
  for (int layer = 1; layer <= layers; ++layer) places.push_back({layer});
  return places;
}

// The trails of embedding, layers and logits.
std::vector<Trail> follow(const Model& model, KvType kv_type, std::span<const TokenId> prompt, int rows_max) {
  const ModelInfo& info = model.info();
  std::vector<Trail> trails(static_cast<size_t>(info.layers) + 2);
  for (int layer = 0; layer < info.layers; ++layer)
    trails[static_cast<size_t>(layer) + 1].place = fmt::format("layer {}", layer);
  trails.front().place = "embedding";
  trails.back().place = "logits";
  SingleSequence sequence(model, kv_type, static_cast<int>(prompt.size()), rows_max);
  sequence.scratch().visit = [&](int layers, const Rows& hidden) {
    for (int64_t row = 0; row < hidden.count(); ++row) {
      trails[static_cast<size_t>(layers)].add(hidden.row(row), hidden.columns());
    }
  };
  while (!prompt.empty()) {
    const size_t rows = std::min(prompt.size(), static_cast<size_t>(rows_max));
    const auto logits = sequence.forward(prompt.first(rows));
    for (size_t row = 0; row < rows; ++row) {
      trails.back().add(&logits[row * static_cast<size_t>(info.vocab)], info.vocab);
    }
    prompt = prompt.subspan(rows);
  }
  return trails;
}

void print_table(const std::vector<Trail>& trails) {
  write_output(fmt::format("{:<10} {:>14}  {:<44} {}\n", "place", "norm", "last row begins", "bits"));
  for (const Trail& trail : trails) {
    std::string begin;
    for (const float value : trail.last_row) begin += fmt::format("{:>10.5f} ", value);
    write_output(fmt::format("{:<10} {:>14.6f}  {:<44} {:016x}\n", trail.place, std::sqrt(trail.squares), begin,
                             trail.bits.value()));
  }
}

void print_json(const std::vector<TokenId>& prompt, const std::vector<Trail>& trails) {
  Json::Array places;
  for (const Trail& trail : trails) {
    Json place;
    place.set("place", trail.place);
    place.set("norm", std::sqrt(trail.squares));
    Json::Array row;
    for (const float value : trail.last_row) row.push_back(double{value});
    place.set("last_row", std::move(row));
    place.set("bits", fmt::format("{:016x}", trail.bits.value()));
    places.push_back(std::move(place));
  }
  Json json;
  Json::Array tokens;
  for (const TokenId token : prompt) tokens.push_back(token);
  json.set("tokens", std::move(tokens));
  json.set("places", std::move(places));
  write_output(to_json(json) + "\n");
}

}  // namespace

int trace(const TraceOptionValues& options) {
  apply_process_options(options);
  const NamedModel named = named_model(options.model);
  const Checkpoint checkpoint = open_checkpoint(named.path);
  const ModelSettings settings = read_model_settings(named, options);
  const ModelInfo info = describe_model(*checkpoint.weights, settings.compute);
  if ((settings.device != "auto" && settings.device != "cpu") || !settings.places.empty()) {
    fail(ErrorCode::invalid_argument, "--device, --place: a trace is computed on the CPU");
  }
  const std::vector<TokenId> prompt = prompt_of(options, checkpoint, info.vocab);
  ThreadTeam team(thread_count(read_runtime_settings(options)));
  const auto model = load_model(*checkpoint.weights, team,
                                {.compute = settings.compute,
                                 .activations = settings.activations,
                                 .weights = settings.weights.value_or(WeightType::as_stored),
                                 .context = settings.engine.context,
                                 .is_deterministic = settings.is_deterministic,
                                 .places = one_place_a_layer(info.layers)});
  const int rows_max = std::min(choose_batch_tokens(settings), static_cast<int>(prompt.size()));
  const std::vector<Trail> trails = follow(*model, choose_kv_type(settings), prompt, rows_max);
  if (options.output == "json") {
    print_json(prompt, trails);
  } else {
    print_table(trails);
  }
  return 0;
}

}  // namespace estoc
