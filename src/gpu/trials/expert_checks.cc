#include "gpu/trials/expert_checks.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "gpu/source/combine.h"
#include "gpu/source/experts.h"
#include "gpu/source/gemm.h"
#include "gpu/source/router_logits.h"
#include "gpu/source/token_norm.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-5f;

size_t product(std::initializer_list<int> factors) {
  size_t all = 1;
  for (const int factor : factors) all *= static_cast<size_t>(factor);
  return all;
}

struct Inputs {
  std::vector<float> residual, norm, router, router_bias, correction, gate_up_bias, down_bias, shared, next_norm;
  std::vector<uint8_t> gate_up, down;  // of all experts
};

Inputs draw_inputs(const MixtureCase& c, Random& random) {
  const int experts = c.rule.experts, outputs = experts + (c.has_shared ? 1 : 0);
  Inputs in;
  in.residual = draw_floats(random, product({c.rows, c.hidden}));
  in.norm = draw_floats(random, product({c.hidden}));
  in.router = draw_floats(random, product({outputs, c.hidden}), 2 / std::sqrt(static_cast<float>(c.hidden)));
  in.router_bias = draw_floats(random, product({outputs}));
  in.correction = draw_floats(random, product({experts}), 0.3f);
  in.gate_up_bias = draw_floats(random, product({experts, 2, c.width}));
  in.down_bias = draw_floats(random, product({experts, c.hidden}));
  in.shared = draw_floats(random, product({c.rows, c.hidden}));
  in.next_norm = draw_floats(random, product({c.hidden}));
  for (int e = 0; e < experts; ++e) {
    const auto gate_up = draw_matrix(random, c.form, 2 * c.width, c.hidden);
    const auto down = draw_matrix(random, c.form, c.hidden, c.width);
    in.gate_up.insert(in.gate_up.end(), gate_up.begin(), gate_up.end());
    in.down.insert(in.down.end(), down.begin(), down.end());
  }
  return in;
}

// Of what a device found.
struct Routes {
  std::vector<float> logits, weights;
  std::vector<int> experts;
};

// Scores of a row's experts, and what they are chosen by.
struct Scores {
  std::vector<double> scores, choosing;
};

Scores scores_of(const MixtureCase& c, const Inputs& in, const float* logits) {
  Scores s;
  double sum = 0;
  for (int e = 0; e < c.rule.experts; ++e) sum += std::exp(double{logits[e]});
  for (int e = 0; e < c.rule.experts; ++e) {
    const double x = logits[e];
    s.scores.push_back(c.rule.score == RouteScore::softmax   ? std::exp(x) / sum
                       : c.rule.score == RouteScore::sigmoid ? 1 / (1 + std::exp(-x))
                                                             : x);
    s.choosing.push_back(s.scores.back() + (c.has_correction ? in.correction[e] : 0));
  }
  if (c.rule.groups == 1) return s;
  const int size = c.rule.experts / c.rule.groups;
  std::vector<std::pair<double, int>> goodness;
  for (int g = 0; g < c.rule.groups; ++g) {
    std::vector<double> group(s.choosing.begin() + g * size, s.choosing.begin() + (g + 1) * size);
    std::sort(group.rbegin(), group.rend());
    goodness.emplace_back(c.rule.group_best > 1 && size > 1 ? group[0] + group[1] : group[0], g);
  }
  std::sort(goodness.rbegin(), goodness.rend());
  for (int i = c.rule.groups_kept; i < c.rule.groups; ++i) {
    std::fill_n(s.choosing.begin() + goodness[i].second * size, size, -INFINITY);
  }
  return s;
}

// Weights of the experts that a device chose.
std::vector<double> weights_of(const MixtureCase& c, const Scores& s, const int* experts) {
  std::vector<double> weights;
  for (int j = 0; j < c.rule.chosen; ++j) weights.push_back(s.scores[experts[j]]);
  double sum = 0;
  if (c.rule.score == RouteScore::softmax_of_chosen) {
    for (const double x : weights) sum += std::exp(x);
    for (double& x : weights) x = std::exp(x) / sum;
  }
  sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& x : weights) x *= c.rule.scale / (c.rule.is_normalized != 0 ? sum + c.rule.epsilon : 1);
  return weights;
}

class MixtureTrial {
 public:
  MixtureTrial(const Device& device, const Module& module, const MixtureCase& c, Random& random);
  void launch(int);
  Check check();
  Check check_routes();

 private:
  int outputs() const { return c_.rule.experts + (c_.has_shared ? 1 : 0); }
  int places() const { return route_places_max(c_.rows, c_.rule.chosen, c_.rule.experts); }
  long gate_up_bytes() const { return matrix_bytes(c_.form, 2 * c_.width, c_.hidden); }
  long down_bytes() const { return matrix_bytes(c_.form, c_.hidden, c_.width); }
  std::string name() const;
  RouteArguments route_arguments() const;
  void run(const std::string& kernel, const LaunchShape& shape, const auto& arguments) const {
    gpu::launch(device_, module_.function(kernel), shape, arguments);
  }
  void launch_routes() const;
  void launch_few() const;
  void launch_prompt() const;
  void launch_gemm(const char* end, const GemmArguments& a) const;
  Routes routes() const;
  // What the mixture gives an output.
  double reference(const Routes& routes, int row, int column) const;
  std::vector<double> activated(int row, int expert) const;

  const Device& device_;
  const Module& module_;
  const MixtureCase c_;
  Random& random_;
  const Inputs in_;
  Buffer residual_, norm_, router_, router_bias_, correction_, gate_up_bias_, down_bias_, shared_, next_norm_, gate_up_,
      down_, logits_, inputs_, chosen_, weights_, shared_weight_, slots_, counts_, places_, place_rows_, tile_experts_,
      gathered_, activated_, parts_, output_, next_inputs_, next_squares_;
};

MixtureTrial::MixtureTrial(const Device& device, const Module& module, const MixtureCase& c, Random& random)
    : device_(device),
      module_(module),
      c_(c),
      random_(random),
      in_(draw_inputs(c, random)),
      residual_(Buffer::of(device, in_.residual)),
      norm_(Buffer::of(device, in_.norm)),
      router_(Buffer::of(device, in_.router)),
      router_bias_(Buffer::of(device, in_.router_bias)),
      correction_(Buffer::of(device, in_.correction)),
      gate_up_bias_(Buffer::of(device, in_.gate_up_bias)),
      down_bias_(Buffer::of(device, in_.down_bias)),
      shared_(Buffer::of(device, in_.shared)),
      next_norm_(Buffer::of(device, in_.next_norm)),
      gate_up_(Buffer::of(device, in_.gate_up)),
      down_(Buffer::of(device, in_.down)),
      logits_(device, product({c.rows, outputs()}) * 4),
      inputs_(device, product({c.rows, c.hidden}) * 2),
      chosen_(device, product({c.rows, c.rule.chosen}) * 4),
      weights_(device, product({c.rows, c.rule.chosen}) * 4),
      shared_weight_(device, product({c.rows}) * 4),
      slots_(device, product({c.rule.experts}) * sizeof(ExpertSlot)),
      counts_(device, 8),
      places_(device, product({c.rows, c.rule.chosen}) * 4),
      place_rows_(device, product({places()}) * 4),
      tile_experts_(device, product({places() / 64}) * 4),
      gathered_(device, product({places(), c.hidden}) * 2),
      activated_(device, product({std::max(places(), 64), c.width}) * 2),
      parts_(device, product({places(), c.hidden}) * 4),
      output_(device, in_.residual.size() * 4),
      next_inputs_(device, in_.residual.size() * 2),
      next_squares_(device, product({c.rows, tile_rows_of(c.hidden)}) * 4) {
  gathered_.fill(0);  // finite, as gpu_layers keeps it
}

std::string MixtureTrial::name() const {
  const RouteRule& r = c_.rule;
  return std::string(c_.is_prompt ? "experts of prompts " : "experts ") + form_name(c_.form) +
         (c_.is_mma ? " mma" : "") + ", " + std::to_string(r.chosen) + " of " + std::to_string(r.experts) + ", score " +
         std::to_string(static_cast<int>(r.score)) + ", " + std::to_string(r.groups) + " groups, " +
         std::to_string(c_.hidden) + " x " + std::to_string(c_.width) + ", " + std::to_string(c_.rows) + " rows";
}

RouteArguments MixtureTrial::route_arguments() const {
  return {.rule = c_.rule,
          .logits = logits_.as<float>(),
          .correction = c_.has_correction ? correction_.as<float>() : nullptr,
          .outputs = outputs(),
          .count = c_.rows,
          .experts = chosen_.as<int>(),
          .weights = weights_.as<float>(),
          .shared_weight = c_.has_shared ? shared_weight_.as<float>() : nullptr,
          .slots = slots_.as<ExpertSlot>(),
          .slot_count = counts_.as<int>(),
          .places = places_.as<int>(),
          .place_rows = place_rows_.as<int>(),
          .tile_experts = tile_experts_.as<int>(),
          .tile_count = counts_.as<int>(4)};
}

void MixtureTrial::launch_routes() const {
  const RouterLogitsArguments logits{.residual = residual_.as<float>(),
                                     .norm = norm_.as<float>(),
                                     .epsilon = kEpsilon,
                                     .weights = router_.as<float>(),
                                     .bias = c_.has_biases ? router_bias_.as<float>() : nullptr,
                                     .logits = logits_.as<float>(),
                                     .inputs = c_.is_prompt ? nullptr : inputs_.as<u16>(),
                                     .columns = c_.hidden,
                                     .outputs = outputs(),
                                     .count = c_.rows};
  run(c_.is_prompt   ? "router_logits_many"
      : c_.rows == 1 ? "router_logits_1"
                     : "router_logits_16",
      {.blocks = router_logits_blocks(outputs(), c_.is_prompt),
       .blocks_y = router_logits_blocks_y(c_.rows, c_.is_prompt),
       .threads = kRouterThreads},
      logits);
  const RouteArguments route = route_arguments();
  if (!c_.is_prompt) return run("route_few", {.blocks = 1, .threads = kRouteThreads}, route);
  run("route_rows", {.blocks = (c_.rows + kRouteWarps - 1) / kRouteWarps, .threads = kRouteThreads}, route);
  run("route_sort", {.blocks = 1, .threads = kRouteThreads}, route);
}

void MixtureTrial::launch_few() const {
  const int slots = route_slots_max(c_.rows, c_.rule.chosen, c_.rule.experts);
  const int threads = experts_down_threads(device_.is_amd());
  const std::string suffix = c_.rows > 8 ? "_n16" : "_n8", form = form_name(c_.form);
  ExpertsArguments a{};
  a.weights = gate_up_.as<u8>();
  a.expert_bytes = gate_up_bytes();
  a.bias = c_.has_biases ? gate_up_bias_.as<float>() : nullptr;
  a.slots = slots_.as<ExpertSlot>();
  a.slot_count = counts_.as<int>();
  a.inputs = inputs_.as<u16>();
  a.rows = 2 * c_.width;
  a.columns = c_.hidden;
  a.count = c_.rows;
  a.activated = activated_.as<u16>();
  if (c_.limit > 0) a.gate = {-1.7f * kLog2E, 0, c_.limit};
  run("experts_" + form + "_gated" + suffix,
      {.blocks = tile_rows_of(a.rows), .blocks_y = slots, .threads = experts_gated_threads(a.columns)}, a);
  a.weights = down_.as<u8>();
  a.expert_bytes = down_bytes();
  a.bias = c_.has_biases ? down_bias_.as<float>() : nullptr;
  a.inputs = activated_.as<u16>();
  a.rows = c_.hidden;
  a.columns = c_.width;
  a.parts = experts_down_parts(slots, a.columns, threads);
  a.shared = c_.has_shared ? shared_.as<float>() : nullptr;
  a.shared_weight = c_.has_shared ? shared_weight_.as<float>() : nullptr;
  a.output = c_.has_output ? output_.as<float>() : nullptr;
  a.residual = residual_.as<float>();
  a.next_norm = next_norm_.as<float>();
  a.next_inputs = next_inputs_.as<u16>();
  a.next_squares = next_squares_.as<float>();
  run("experts_" + form + "_down" + suffix, {.blocks = tile_rows_of(a.rows), .threads = threads}, a);
}

void MixtureTrial::launch_gemm(const char* end, const GemmArguments& a) const {
  const int items = gemm_items(a.rows, places(), kGemmExpertTokens, 1, 1);
  run(std::string(c_.is_mma ? "gemm_mma_experts_" : "gemm_experts_") + form_name(c_.form) + "_" + end + "_n64",
      {.blocks = gemm_blocks(items, 1, device_.multiprocessors),
       .threads = kGemmThreads,
       .shared_bytes = c_.is_mma ? 0 : gemm_shared_bytes(c_.form, kGemmExpertTokens, device_.capability)},
      a);
}

void MixtureTrial::launch_prompt() const {
  const TokenNormArguments gather{.input = residual_.as<float>(),
                                  .picks = place_rows_.as<int>(),
                                  .weight = norm_.as<float>(),
                                  .output = gathered_.as<u8>(),
                                  .order = gemm_order(c_.form),
                                  .columns = c_.hidden,
                                  .epsilon = kEpsilon,
                                  .tile_count = counts_.as<int>(4)};
  run("rms_norm_tiles", {.blocks = places(), .threads = token_norm_threads(c_.hidden)}, gather);
  GemmArguments a{};
  a.tile_experts = tile_experts_.as<int>();
  a.tile_count = counts_.as<int>(4);
  a.weights = gate_up_.as<u8>();
  a.expert_bytes = gate_up_bytes();
  a.inputs = gathered_.as<u8>();
  a.bias = c_.has_biases ? gate_up_bias_.as<float>() : nullptr;
  a.activated = activated_.as<u8>();
  a.order = gemm_order(c_.form);
  if (c_.limit > 0) a.gate = {-1.7f * kLog2E, 0, c_.limit};
  a.rows = 2 * c_.width;
  a.columns = c_.hidden;
  launch_gemm("gated", a);
  a.weights = down_.as<u8>();
  a.expert_bytes = down_bytes();
  a.inputs = activated_.as<u8>();
  a.bias = c_.has_biases ? down_bias_.as<float>() : nullptr;
  a.output = parts_.as<float>();
  a.output_stride = c_.hidden;
  a.rows = c_.hidden;
  a.columns = c_.width;
  launch_gemm("store", a);
  const CombineArguments combine{.parts = parts_.as<float>(),
                                 .places = places_.as<int>(),
                                 .weights = weights_.as<float>(),
                                 .chosen = c_.rule.chosen,
                                 .shared = c_.has_shared ? shared_.as<float>() : nullptr,
                                 .shared_weight = c_.has_shared ? shared_weight_.as<float>() : nullptr,
                                 .residual = residual_.as<float>(),
                                 .output = c_.has_output ? output_.as<float>() : nullptr,
                                 .columns = c_.hidden};
  run("combine_experts", {.blocks = c_.rows, .threads = kCombineThreads}, combine);
}

void MixtureTrial::launch(int) {
  launch_routes();
  c_.is_prompt ? launch_prompt() : launch_few();
}

Routes MixtureTrial::routes() const {
  return {logits_.values<float>(), weights_.values<float>(), chosen_.values<int>()};
}

Check MixtureTrial::check_routes() {
  logits_.fill(kPoison);
  launch_routes();
  const Routes found = routes();
  ErrorSum error, logits;
  bool is_wrong = false;
  for (int row = 0; row < c_.rows; ++row) {
    const float* x = &in_.residual[product({row, c_.hidden})];
    double squares = 0;
    for (int i = 0; i < c_.hidden; ++i) squares += double{x[i]} * x[i];
    for (int o = 0; o < outputs(); ++o) {
      double sum = 0;
      for (int i = 0; i < c_.hidden; ++i) sum += double{x[i]} * in_.norm[i] * in_.router[product({o, c_.hidden}) + i];
      logits.add(found.logits[product({row, outputs()}) + o],
                 sum / std::sqrt(squares / c_.hidden + kEpsilon) + (c_.has_biases ? in_.router_bias[o] : 0));
    }
    const Scores s = scores_of(c_, in_, &found.logits[product({row, outputs()})]);
    const int* const experts = &found.experts[product({row, c_.rule.chosen})];
    std::vector<double> best = s.choosing;
    std::sort(best.rbegin(), best.rend());
    for (int j = 0; j < c_.rule.chosen; ++j) {  // the j-th best, or one that is as good in f32
      if (experts[j] < 0 || experts[j] >= c_.rule.experts) return {name(), NAN, 0};
      is_wrong |= std::fabs(s.choosing[experts[j]] - best[j]) > 1e-5;
    }
    is_wrong |= std::set<int>(experts, experts + c_.rule.chosen).size() != static_cast<size_t>(c_.rule.chosen);
    const auto weights = weights_of(c_, s, experts);
    for (int j = 0; j < c_.rule.chosen; ++j) error.add(found.weights[product({row, c_.rule.chosen}) + j], weights[j]);
  }
  if (c_.is_prompt) {
    const auto places = places_.values<int>(), rows = place_rows_.values<int>(), tiles = tile_experts_.values<int>();
    const int count = counts_.values<int>()[1];
    std::vector<int> free(static_cast<size_t>(count) * 64, 1);
    for (size_t pair = 0; pair < places.size(); ++pair) {
      const auto place = static_cast<size_t>(places[pair]);
      if (place >= free.size()) return {name(), NAN, 0};
      is_wrong |= free[place]-- != 1 || tiles[place / 64] != found.experts[pair] ||
                  rows[place] != static_cast<int>(pair) / c_.rule.chosen;
    }
    for (size_t place = 0; place < free.size(); ++place) is_wrong |= free[place] == 1 && rows[place] >= 0;
  }
  const double worst = std::max(error.relative(), logits.relative());
  return {"routes of " + name(), is_wrong || std::isnan(logits.relative()) ? NAN : worst, 3e-6};
}

std::vector<double> MixtureTrial::activated(int row, int expert) const {
  const float* x = &in_.residual[product({row, c_.hidden})];
  double squares = 0;
  for (int i = 0; i < c_.hidden; ++i) squares += double{x[i]} * x[i];
  const double factor = 1 / std::sqrt(squares / c_.hidden + kEpsilon);
  const std::vector<uint8_t> matrix(in_.gate_up.begin() + expert * gate_up_bytes(),
                                    in_.gate_up.begin() + (expert + 1) * gate_up_bytes());
  std::vector<double> values;
  for (int w = 0; w < c_.width; ++w) {
    double halves[2];
    for (int h = 0; h < 2; ++h) {
      const int r = w / 8 * 16 + w % 8 + h * 8;
      halves[h] = c_.has_biases ? in_.gate_up_bias[product({expert, 2, c_.width}) + r] : 0;
      for (int i = 0; i < c_.hidden; ++i) {
        halves[h] += matrix_value(matrix, c_.form, c_.hidden, r, i) * x[i] * in_.norm[i] * factor;
      }
    }
    if (c_.limit == 0) {
      values.push_back(gate_value(halves[0], false) * halves[1]);
    } else {
      const double gate = std::min<double>(halves[0], c_.limit),
                   up = std::clamp<double>(halves[1], -c_.limit, c_.limit);
      values.push_back(gate / (1 + std::exp(-1.7 * gate)) * (up + 1));
    }
  }
  return values;
}

double MixtureTrial::reference(const Routes& routes, int row, int column) const {
  double sum = 0;
  for (int j = 0; j < c_.rule.chosen; ++j) {
    const size_t pair = product({row, c_.rule.chosen}) + static_cast<size_t>(j);
    const int expert = routes.experts[pair];
    const std::vector<uint8_t> matrix(in_.down.begin() + expert * down_bytes(),
                                      in_.down.begin() + (expert + 1) * down_bytes());
    const auto inputs = activated(row, expert);
    double value = c_.has_biases ? in_.down_bias[product({expert, c_.hidden}) + column] : 0;
    for (int w = 0; w < c_.width; ++w) value += matrix_value(matrix, c_.form, c_.width, column, w) * inputs[w];
    sum += routes.weights[pair] * value;
  }
  if (!c_.has_shared) return sum;
  const double logit = routes.logits[product({row, outputs()}) + c_.rule.experts];
  return sum + in_.shared[product({row, c_.hidden}) + column] / (1 + std::exp(-logit));
}

Check MixtureTrial::check() {
  output_.fill(kPoison);
  activated_.fill(kPoisonBf16);
  parts_.fill(kPoison);
  next_inputs_.fill(kPoisonBf16);
  next_squares_.fill(kPoison);
  if (c_.is_prompt) activated_.fill(0);  // places that nobody has: finite
  launch(0);
  const Routes found = routes();
  const auto out = c_.has_output ? output_.values<float>() : residual_.values<float>();
  const auto next = next_inputs_.values<uint16_t>();
  const auto squares = next_squares_.values<float>();
  ErrorSum error, ends;
  const int all = c_.rows * c_.hidden;
  for (int i = 0; i < (c_.sample == 0 ? all : c_.sample); ++i) {
    const int at = c_.sample == 0 ? i : static_cast<int>(random_() % all);
    error.add(out[at] - (c_.has_output ? 0 : in_.residual[at]), reference(found, at / c_.hidden, at % c_.hidden));
  }
  const bool has_ends = !c_.is_prompt && !c_.has_output;
  for (int at = 0; has_ends && at < all; ++at) {
    ends.add(bf16_to_f32(next[at]), double{out[at]} * in_.next_norm[at % c_.hidden]);
  }
  for (int row = 0; has_ends && row < c_.rows; ++row) {
    double parts = 0, sum = 0;
    for (int t = 0; t < tile_rows_of(c_.hidden); ++t) parts += squares[row * tile_rows_of(c_.hidden) + t];
    for (int i = 0; i < c_.hidden; ++i) sum += std::pow(double{out[row * c_.hidden + i]}, 2);
    ends.add(parts, sum);
  }
  const double worst = has_ends ? std::max(error.relative(), ends.relative()) : error.relative();
  return {name(), std::isnan(error.relative()) ? NAN : worst, 8e-3};
}

}  // namespace

Trial mixture_trial(const Device& device, const Module& module, const MixtureCase& c, Random& random) {
  const auto state = std::make_shared<MixtureTrial>(device, module, c, random);
  const double pairs = static_cast<double>(c.rows) * c.rule.chosen, experts = c.rule.experts;
  // As many experts as rows that choose by chance reach.
  const double used = experts * (1 - std::pow(1 - c.rule.chosen / experts, c.rows));
  const auto bytes =
      static_cast<double>(matrix_bytes(c.form, 2 * c.width, c.hidden) + matrix_bytes(c.form, c.hidden, c.width));
  return trial_of(state, {.bytes = used * bytes + 8.0 * c.rows * c.hidden,
                          .flops = c.is_prompt ? 6.0 * pairs * c.hidden * c.width : 0});
}

Check check_mixture(const Device& device, const Module& module, const MixtureCase& c, Random& random) {
  return MixtureTrial(device, module, c, random).check();
}

Check check_routes(const Device& device, const Module& module, const MixtureCase& c, Random& random) {
  return MixtureTrial(device, module, c, random).check_routes();
}

}  // namespace estoc::gpu
