#include "session.h"

#include <algorithm>
#include <chrono>

namespace estoc::gpu {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double Session::seconds_left() const { return deadline - now(); }

Handle Session::function(const std::string& name) const {
  const auto [at, is_new] = functions.try_emplace(name, nullptr);
  if (is_new) at->second = module.function(name);
  return at->second;
}

MatrixPool::MatrixPool(Session& session, size_t bytes) : session_(session), memory_(session.device, bytes) {}

void MatrixPool::fill(WeightForm form, int rows, int columns) {
  stride_ = gpu::matrix_bytes(form, rows, columns);
  count_ = static_cast<int>(std::min<long>(400, static_cast<long>(memory_.bytes()) / stride_));
  const auto part = draw_matrix(session_.random, form, std::min(rows, 128), columns);
  memory_.upload(part.data(), part.size());
  const Driver& driver = session_.device.driver();
  size_t have = part.size();
  const size_t wanted = static_cast<size_t>(stride_) * count_;
  while (have < wanted) {
    const size_t more = std::min(have, wanted - have);
    driver.check(driver.copy_on_device(memory_.address() + have, memory_.address(), more, session_.device.stream()),
                 "filling the pool");
    have += more;
  }
  session_.device.synchronize();
}

const u8* MatrixPool::matrix(int index) const { return memory_.as<u8>(static_cast<size_t>(index % count_) * stride_); }

long linear_bytes(WeightForm form, const LinearShape& shape) { return matrix_bytes(form, shape.rows, shape.columns); }

int linear_blocks(const LinearShape& shape, const LinearPlan& plan) {
  return (tile_rows_of(shape.rows) + plan.tiles - 1) / plan.tiles;
}

std::string linear_name(WeightForm form, LinearEnd end, const LinearPlan& plan, int count) {
  constexpr const char* kEnds[] = {"store", "residual", "gated"};
  return std::string("linear_") + form_name(form) + "_" + kEnds[static_cast<int>(end)] + "_r" +
         std::to_string(plan.tiles) + (count > 8 ? "_n16" : "_n8");
}

void launch_linear(const Session& session, WeightForm form, const LinearShape& shape, const LinearPlan& plan,
                   const LinearArguments& arguments, bool may_overlap) {
  launch(session.device, session.function(linear_name(form, shape.end, plan, arguments.count)),
         {.blocks = linear_blocks(shape, plan), .threads = plan.warps * kWarpThreads, .may_overlap = may_overlap},
         arguments);
}

namespace {

constexpr int kColumnsMax = 16384, kRowsMax = 152064, kCountMax = 16;

}  // namespace

Activations::Activations(Session& session)
    : inputs(Buffer::of(session.device, draw_bf16(session.random, static_cast<size_t>(kCountMax) * kColumnsMax))),
      squares(Buffer::of(session.device, std::vector<float>(kCountMax * 1024, 16.0f))),
      vectors(Buffer::of(session.device, std::vector<float>(kRowsMax, 0.5f))),
      residual(session.device, static_cast<size_t>(kCountMax) * kColumnsMax * 4),
      output(session.device, static_cast<size_t>(kCountMax) * kRowsMax * 4),
      next_inputs(session.device, static_cast<size_t>(kCountMax) * kColumnsMax * 2),
      next_squares(session.device, kCountMax * 1024 * 4) {
  residual.fill(0);
  session.device.synchronize();
}

LinearArguments Activations::arguments(const LinearShape& shape, int count) const {
  LinearArguments a{};
  a.inputs = inputs.as<u16>();
  a.squares = shape.end == LinearEnd::residual ? nullptr : squares.as<float>();
  a.square_parts = 256;
  a.epsilon = 1e-5f;
  a.rows = shape.rows;
  a.columns = shape.columns;
  a.count = count;
  a.output = output.as<float>();
  a.output_stride = shape.rows;
  a.residual = residual.as<float>();
  a.next_norm = vectors.as<float>();
  a.next_inputs = next_inputs.as<u16>();
  a.next_squares = next_squares.as<float>();
  a.activated = next_inputs.as<u16>();
  return a;
}

LinearPlan plan_for(WeightForm form, const LinearShape& shape) { return linear_plan(form, shape.rows, shape.columns); }

double time_linear(Session& session, const MatrixPool& pool, const Activations& activations, WeightForm form,
                   const LinearShape& shape, const LinearPlan& plan, int count) {
  const long bytes = linear_bytes(form, shape);
  const int launches = session.is_small ? 2 : static_cast<int>(std::clamp<long>(600'000'000 / bytes, 12, 100));
  return seconds_each(
      session.device, launches,
      [&](int i) {
        LinearArguments a = activations.arguments(shape, count);
        a.weights = pool.matrix(i);
        launch_linear(session, form, shape, plan, a, true);
      },
      5);
}

LinearPlan tune(Session& session, const MatrixPool& pool, const Activations& activations, WeightForm form,
                const LinearShape& shape, int count, double* best_seconds) {
  LinearPlan best{};
  *best_seconds = 1e9;
  for (const int tiles : {1, 2}) {
    if (!linear_has_tiles(form, tiles)) continue;
    for (const int warps : {4, 8, 16}) {
      const double seconds = time_linear(session, pool, activations, form, shape, {tiles, warps}, count);
      if (seconds < *best_seconds) {
        *best_seconds = seconds;
        best = {tiles, warps};
      }
    }
  }
  return best;
}

}  // namespace estoc::gpu
