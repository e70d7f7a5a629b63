// Which tokens of a vocabulary may follow what a chart has read.
//
// What: the union over the states of the chart's last row of what each makes of the vocabulary (mask_entry.h), which is
// found once a state; what goes beyond a rule's end is walked with the callers of the moment. Rows that go on alike
// have one mask, which is kept when it is asked for again. Where the text that a rule has matched decides (a name that
// an object already has), the tokens that would end it are tried one by one, or, where the texts that must not be are
// known, the tokens that begin with those.
// Ownership: borrows the grammar and the vocabulary. Threads: those who hold the grammar's mutex.
// Errors: those of the automaton.
#pragma once

#include <unordered_map>
#include <vector>

#include "grammar/chart.h"
#include "grammar/grammar.h"
#include "grammar/mask_entry.h"
#include "grammar/row_numbers.h"
#include "grammar/vocabulary.h"

namespace estoc::grammar {

class MaskFiller {
 public:
  MaskFiller(Grammar& grammar, const Vocabulary& vocabulary);

  // A bit for each token that may follow; good until the next call. The chart is left as it was.
  std::span<const uint32_t> fill(Chart& chart);
  size_t byte_count() const { return entries_.bytes() + kept_bytes_; }

 private:
  struct Kept {
    bool is_asked_again = false;
    std::vector<uint32_t> words;
  };

  void find(Chart& chart, std::vector<uint32_t>& words);
  void add_item(Chart& chart, const Chart::Item& item, std::vector<uint32_t>& words);
  void follow(const MaskEntry& entry, MaskEntry::Rest& rest, Chart& chart, std::vector<uint32_t>& words);
  void leave_open(const TokenTree& tree, std::span<const uint32_t> nodes);
  void try_one_by_one(Chart& chart, std::vector<uint32_t>& words);
  void make_room();

  Grammar& grammar_;
  const Vocabulary& vocabulary_;
  MaskEntryMaker entries_;
  RowNumbers numbers_;
  std::unordered_map<uint32_t, Kept> kept_;  // by the number of the row
  size_t kept_bytes_ = 0;
  std::vector<uint32_t> words_;
  bool reads_text_ = false;        // the mask that is being found depends on more than the row's number
  std::vector<TokenId> open_;      // tokens that are to be tried one by one,
  std::vector<TokenId> doubtful_;  // and those that are allowed unless that fails
};

}  // namespace estoc::grammar
