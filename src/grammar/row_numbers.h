// Numbers for rows of charts: rows with one number go on alike, but for texts that they have read.
//
// What: a row is known by its states, their rules and the numbers of the rows in which those began, so that elements of
// a list, or members of alike objects, have equal rows. Numbers are of the charts of one automaton. Threads: one at a
// time. Nothing throws but memory.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "grammar/chart.h"

namespace estoc::grammar {

class RowNumbers {
 public:
  // From 1 on. When there are too many, all begin anew with numbers that were not given out yet.
  uint32_t number(Chart& chart, size_t row);

 private:
  struct Hash {
    size_t operator()(const std::vector<uint32_t>& key) const;
  };

  std::unordered_map<std::vector<uint32_t>, uint32_t, Hash> numbers_;
  uint32_t first_ = 1, next_ = 1;
  std::vector<uint32_t> key_;
  std::vector<size_t> open_;
};

}  // namespace estoc::grammar
