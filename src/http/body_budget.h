// Bounds the bytes of all bodies that a server holds at once.
//
// What: a long body takes its bytes from the budget before they arrive, when its length was declared, and gives them
// back when the request is destroyed: whoever reads it does so on the budget's account. Short ones are free, so that
// those who send long ones cannot shut out the others.
// Ownership: a lease keeps its budget alive. Threads: a budget any; a lease one at a time. Nothing throws.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace estoc::http {

class BodyBudget {
 public:
  // A body of up to `free_bytes` costs nothing.
  BodyBudget(size_t bytes_max, size_t free_bytes) : bytes_max_(bytes_max), free_bytes_(free_bytes) {}
  size_t taken_bytes() const { return taken_bytes_; }

 private:
  friend class BodyLease;
  bool take(size_t bytes);

  const size_t bytes_max_, free_bytes_;
  std::atomic<size_t> taken_bytes_{0};
};

// What one body has taken. Without a budget everything is allowed.
class BodyLease {
 public:
  BodyLease() = default;
  explicit BodyLease(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  BodyLease(BodyLease&& other) noexcept { *this = std::move(other); }
  BodyLease& operator=(BodyLease&& other) noexcept;
  ~BodyLease() { give_back(); }

  // For a body of so many bytes in all; false, and nothing taken, when there is not enough.
  bool grow_to(size_t bytes);
  // Whether it is of a long body.
  bool holds_any() const { return bytes_ > 0; }
  void give_back();

 private:
  std::shared_ptr<BodyBudget> budget_;
  size_t bytes_ = 0;
};

}  // namespace estoc::http
