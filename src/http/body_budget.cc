#include "http/body_budget.h"

namespace estoc::http {

bool BodyBudget::take(size_t bytes) {
  size_t taken = taken_bytes_;
  do {
    if (bytes > bytes_max_ - taken) return false;
  } while (!taken_bytes_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

BodyLease& BodyLease::operator=(BodyLease&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

bool BodyLease::grow_to(size_t bytes) {
  if (!budget_ || bytes <= bytes_ || bytes <= budget_->free_bytes_) return true;
  if (!budget_->take(bytes - bytes_)) return false;
  bytes_ = bytes;
  return true;
}

void BodyLease::give_back() {
  if (budget_) budget_->taken_bytes_ -= std::exchange(bytes_, 0);
}

}  // namespace estoc::http
