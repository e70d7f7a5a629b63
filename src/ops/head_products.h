// Products of each head of some rows with a matrix of the head's own.
//
// What: the rows of a head are gathered, so that its matrix is read once for all of them, in the form that products
// read; one fork-join multiplies for all heads, cut by panels. The matrices of heads are kept as those of experts are.
// Ownership: borrows everything. Threads: one op at a time on the rows and the scratch. Errors: none.
#pragma once

#include <cstdint>

#include "ops/compute.h"
#include "ops/experts.h"
#include "ops/matmul.h"
#include "ops/rows.h"

namespace estoc {

// Where heads are in rows: head h's numbers begin at column h * step.
struct HeadColumns {
  Rows* rows = nullptr;
  int64_t step = 0;
};

// The rows that `gathered` of multiply_heads needs memory for, when there are up to rows_max rows.
constexpr int64_t gathered_rows(int64_t rows_max, int heads) {
  return (rows_max + Rows::kStrip - 1) / Rows::kStrip * Rows::kStrip * heads;
}

// For every row and head: out = matrix of the head * x. `out` has as many rows as x, and what lies between its heads
// stays as it is; `gathered` has room for the matrix's columns and may not be either.
void multiply_heads(const Compute& compute, const ExpertMatrix& matrix, int heads, const HeadColumns& x, Rows& gathered,
                    const DecodeScratch& scratch, const HeadColumns& out);

}  // namespace estoc
