// Which tokens of a vocabulary may follow what a chart has read.
//
// What: a token's bytes are walked along the vocabulary's tree. What a state of a rule makes of a token does not depend
// on who called the rule, as long as the token does not go beyond the rule's end: that part is found once a state and
// kept. What goes beyond is kept as a tree of the bytes behind the end, in which equal rests of many tokens are one
// path, and only that tree is walked with the callers of the moment. Where the text that a rule has matched decides
// (a name that an object already has), the tokens that end the rule are tried one by one.
// Ownership: borrows the grammar and the vocabulary. Threads: those who hold the grammar's mutex.
// Errors: those of the automaton.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "grammar/chart.h"
#include "grammar/grammar.h"
#include "grammar/vocabulary.h"

namespace estoc::grammar {

class MaskFiller {
 public:
  MaskFiller(Grammar& grammar, const Vocabulary& vocabulary);

  // Sets the bit of each token that may follow, and clears the others. The chart is left as it was.
  void fill(Chart& chart, std::vector<uint32_t>& words);
  size_t byte_count() const { return entry_bytes_; }

 private:
  // The rests of tokens behind the end of a rule: each node of the vocabulary's tree at which this rest begins.
  struct Rest {
    std::vector<uint32_t> nodes;
    bool is_spread = false;
    std::vector<std::pair<uint8_t, std::unique_ptr<Rest>>> next;
  };
  struct Entry {
    const TokenTree* tree = nullptr;  // that the nodes are of
    std::vector<uint32_t> words;      // tokens that stay within the rule, as a mask or, when few,
    std::vector<TokenId> tokens;      // as a list
    std::vector<TokenId> ending;      // tokens after which the rule has to end
    std::vector<uint32_t> ends;       // nodes at which the rule may end
    std::vector<TokenId> open;        // tokens that a text on the way decides about
    Rest rest;
  };

  Entry& entry(StateId state);
  void walk(Entry& entry, uint32_t from, uint32_t to);
  void walk_inner(Entry& entry, uint32_t from, uint32_t to, const Chart::Item& item);
  void visit(Entry& entry, uint32_t node);
  void allow(std::span<const TokenId> tokens, std::vector<uint32_t>& words) const;
  void spread(const TokenTree& tree, Rest& rest) const;
  void follow(const TokenTree& tree, Rest& rest, Chart& chart, std::vector<uint32_t>& words);
  void try_one_by_one(Chart& chart, std::vector<uint32_t>& words);

  Grammar& grammar_;
  const Vocabulary& vocabulary_;
  Chart trial_;  // of a rule by itself
  std::unordered_map<StateId, std::unique_ptr<Entry>> entries_;
  size_t entry_bytes_ = 0;
  std::vector<TokenId> open_;  // tokens that are to be tried one by one
};

}  // namespace estoc::grammar
