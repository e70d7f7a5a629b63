#include "ops/head_products.h"

#include <algorithm>

#include "base/check.h"
#include "ops/profile.h"

namespace estoc {

void multiply_heads(const Compute& compute, const ExpertMatrix& matrix, int heads, const HeadColumns& x, Rows& gathered,
                    const DecodeScratch& scratch, const HeadColumns& out) {
  const int64_t count = x.rows->count(), columns = matrix.columns(), panels = matrix.panel_count();
  ESTOC_DCHECK(out.rows->count() == count);
  if (count == 0) return;
  const ProfileScope scope(compute, "heads", matrix.resident_bytes() * static_cast<uint64_t>(heads), matrix.name());
  const RowForm form = matrix.reads(compute, count);
  // Tiles are made of whole strips, so each head begins one; what fills it up is multiplied by nobody.
  const bool is_tiled = form == RowForm::tiles || form == RowForm::code_tiles;
  const int64_t step = is_tiled ? gathered_rows(count, 1) : count;
  gathered.reset(step * heads, columns);
  gathered.fill(compute, form, [&](int64_t r, float* to) {
    std::copy_n(x.rows->row(std::min(r % step, count - 1)) + r / step * x.step, columns, to);
  });
  out.rows->touch();
  constexpr int64_t kStep = 2;  // two panels share the activations they load
  constexpr int kChunks = 4;
  compute.team.parallel_chunks(panels * heads, kStep, kChunks, [&](int64_t begin, int64_t end, int thread) {
    for (int64_t at = begin; at < end;) {
      const int64_t head = at / panels, first = at % panels, last = std::min(panels, first + end - at);
      const RowsPart part{gathered, form, head * step, head * step + count};
      const kernels::ProductRows to{out.rows->row(0) + head * out.step, out.rows->stride()};
      matrix.multiply(compute, static_cast<int>(head), part, to, first, last, scratch.of_thread(thread, matrix.columns()));
      at += last - first;
    }
  });
}

}  // namespace estoc
