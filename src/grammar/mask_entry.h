// What one state of a rule makes of a vocabulary's tokens, whoever called the rule. Internal to the room.
//
// What: a token's bytes are walked along the vocabulary's tree from the state, the rules that it calls left to their
// own states: which tokens stay within the rule, at which nodes the rule may end, which tokens a text on the way
// decides about. What goes beyond the end is a tree of the bytes behind it, in which equal rests of many tokens are one
// path. A state that differs from one it goes on to by few bytes is made from what that one has, and states of JSON
// strings in which any text may follow are made once a vocabulary. Ownership: an entry borrows the vocabulary's trees;
// a maker borrows its grammar and its vocabulary. Threads: makers: those who hold the grammar's mutex; an entry that is
// common is constant. Errors: those of the automaton.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "grammar/chart.h"
#include "grammar/grammar.h"
#include "grammar/vocabulary.h"

namespace estoc::grammar {

struct MaskEntry {
  // The rests of tokens behind the end of a rule: each node of the vocabulary's tree at which this rest begins.
  struct Rest {
    std::vector<uint32_t> nodes;
    bool is_spread = false;
    std::vector<std::pair<uint8_t, std::unique_ptr<Rest>>> next;
  };

  const TokenTree* tree = nullptr;  // that the nodes are of
  std::vector<uint32_t> words;      // tokens that stay within the rule, as a mask or, when few,
  std::vector<TokenId> tokens;      // as a list
  std::vector<TokenId> ending;      // tokens after which the rule has to end
  std::vector<uint32_t> ends;       // nodes at which the rule may end
  std::vector<TokenId> open;        // tokens that a text on the way decides about
  mutable Rest rest;                // spread as far as somebody has followed it

  void spread(Rest& one) const;
  void spread_all();
  size_t bytes() const;
};

class MaskEntryMaker {
 public:
  MaskEntryMaker(Grammar& grammar, const Vocabulary& vocabulary);

  const MaskEntry& entry(StateId state);
  // Entries that entry() gave out are gone.
  void clear();
  size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<MaskEntry> make(StateId state);
  std::shared_ptr<const MaskEntry> common(StateId state);
  StateId usual_follower(StateId state);
  bool derive(StateId state, StateId like, MaskEntry& made);
  void walk_alone(MaskEntry& entry, uint32_t from, uint32_t to, StateId state);
  void walk(MaskEntry& entry, uint32_t from, uint32_t to);
  void visit(MaskEntry& entry, uint32_t node);
  void finish(MaskEntry& entry) const;

  Grammar& grammar_;
  const Vocabulary& vocabulary_;
  Chart trial_;  // of a rule by itself
  std::unordered_map<StateId, std::shared_ptr<const MaskEntry>> entries_;
  size_t bytes_ = 0;
};

// The entries that all grammars of a vocabulary have in common. Threads: any.
class CommonEntries {
 public:
  std::shared_ptr<const MaskEntry> find(uint32_t key) {
    const MutexLock lock(mutex_);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : found->second;
  }
  void add(uint32_t key, std::shared_ptr<const MaskEntry> entry) {
    const MutexLock lock(mutex_);
    entries_.try_emplace(key, std::move(entry));
  }

 private:
  Mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<const MaskEntry>> entries_ GUARDED_BY(mutex_);
};

}  // namespace estoc::grammar
