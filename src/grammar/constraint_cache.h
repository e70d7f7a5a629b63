// Constraints of one model, compiled when they are first asked for and kept while they are in use or likely to be.
//
// What: a constraint is found by what it was written as. Two who ask for one that is not there wait for one compile.
// Those used least recently go when all that are kept take too much memory or are too many; who uses one keeps it.
// Ownership: owns the vocabulary's tree, made with the first constraint; borrows the tokenizer. Threads: any, several
// at once; a compile takes the time of whoever asks, up to seconds. Errors: get throws what the front end throws, and
// Error{invalid_argument} for a text that is too long.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "grammar/constraint.h"
#include "grammar/constraint_source.h"
#include "grammar/limits.h"

namespace estoc::grammar {

struct ConstraintStats {
  uint64_t compiled = 0, failed = 0;  // and refused
  uint64_t found = 0;                 // asked for and there
  double compile_s = 0;               // all of them
  size_t kept = 0, kept_bytes = 0;    // as of the last compile
};

class ConstraintCache {
 public:
  // `vocab` is how many tokens the model has; `control_marks` are control tokens that formats may ask for
  // (text_format.h).
  ConstraintCache(const Tokenizer& tokenizer, int vocab, size_t bytes_max = limits::kCompiledBytesMax,
                  std::vector<TokenId> control_marks = {});
  ~ConstraintCache();

  // Null when it would have to be compiled.
  std::shared_ptr<const TokenConstraint> find(const ConstraintSource& source);
  std::shared_ptr<const TokenConstraint> get(const ConstraintSource& source);

  // Compiles any JSON object and finds the masks of its places, so that nobody waits for them.
  void warm_json();

  ConstraintStats stats() const;

 private:
  struct Entry {
    std::shared_ptr<TokenGrammar> grammar;  // null while it is compiled
    std::shared_ptr<const Constraint> constraint;
    uint64_t last_use = 0;
  };
  void make_vocabulary();
  std::shared_ptr<TokenGrammar> compile_now(const ConstraintSource& source);
  void use(Entry& entry) REQUIRES(mutex_);
  std::vector<Entry> make_room() REQUIRES(mutex_);

  const Tokenizer& tokenizer_;
  const size_t vocab_, bytes_max_;
  const std::vector<TokenId> control_marks_;

  mutable Mutex vocabulary_mutex_;
  std::shared_ptr<const Vocabulary> vocabulary_ GUARDED_BY(vocabulary_mutex_);
  std::shared_ptr<const ForcedTokens> forced_ GUARDED_BY(vocabulary_mutex_);

  mutable Mutex mutex_;
  Condition compiled_;
  std::unordered_map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  uint64_t uses_ GUARDED_BY(mutex_) = 0;
  ConstraintStats stats_ GUARDED_BY(mutex_);
};

}  // namespace estoc::grammar
