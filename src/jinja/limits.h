// What one rendering may use. Templates come from downloaded files, so every loop and every allocation is bounded.
// Internal to jinja/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace estoc::jinja {

inline constexpr uint64_t kStepsMax = 20'000'000;            // evaluated nodes, plus work in proportion to sizes
inline constexpr size_t kTextBytesMax = size_t{32} << 20;    // one string, and the output
inline constexpr size_t kTotalBytesMax = size_t{512} << 20;  // everything one rendering makes, freed or not
inline constexpr int64_t kRangeMax = 100'000;                // items of range(); the bound of Jinja's sandbox
inline constexpr int64_t kFormatWidthMax = 100'000;          // widths and precisions of formats
inline constexpr size_t kItemsMax = 1'000'000;               // items of one list
inline constexpr int kValueDepthMax = 300;                   // lists within lists
inline constexpr int kCallDepthMax = 800;                    // nested statements and expressions while running
inline constexpr int kExpressionDepthMax = 150;              // nesting of one expression's tree
inline constexpr int kStatementDepthMax = 60;                // nesting of block tags
inline constexpr size_t kSourceBytesMax = size_t{4} << 20;

// Counts a level of recursion for as long as it lives.
class Nesting {
 public:
  explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
  ~Nesting() { --depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  int& depth_;
};

}  // namespace estoc::jinja
