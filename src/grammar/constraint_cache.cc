#include "grammar/constraint_cache.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "grammar/text_format.h"
#include "tokenizer/tokenizer.h"

namespace estoc::grammar {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

}  // namespace

ConstraintCache::ConstraintCache(const Tokenizer& tokenizer, int vocab, size_t bytes_max,
                                 std::vector<TokenId> control_marks)
    : tokenizer_(tokenizer),
      vocab_(static_cast<size_t>(vocab)),
      bytes_max_(bytes_max),
      control_marks_(std::move(control_marks)) {}

ConstraintCache::~ConstraintCache() = default;

void ConstraintCache::use(Entry& entry) {
  entry.last_use = ++uses_;
  ++stats_.found;
}

std::shared_ptr<const TokenConstraint> ConstraintCache::find(const ConstraintSource& source) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(source.key);
  if (found == entries_.end() || found->second.grammar == nullptr) return nullptr;
  use(found->second);
  return found->second.constraint;
}

std::shared_ptr<const TokenConstraint> ConstraintCache::get(const ConstraintSource& source) {
  if (source.key.size() > limits::kSourceBytesMax) {
    fail(ErrorCode::invalid_argument, "what the answer has to keep to has {} bytes, and {} are allowed",
         source.key.size(), limits::kSourceBytesMax);
  }
  std::vector<Entry> dropped;  // gone when the lock is: it takes a while
  MutexLock lock(mutex_);
  for (;;) {
    const auto found = entries_.find(source.key);
    if (found == entries_.end()) break;
    if (found->second.grammar != nullptr) {
      use(found->second);
      return found->second.constraint;
    }
    // Another thread compiles it. When that fails it is gone, and fails again here.
    compiled_.wait(lock, [&]() REQUIRES(mutex_) {
      const auto now = entries_.find(source.key);
      return now == entries_.end() || now->second.grammar != nullptr;
    });
  }
  entries_.emplace(source.key, Entry());
  lock.unlock();
  std::shared_ptr<TokenGrammar> grammar;
  const Clock::time_point begin = Clock::now();
  try {
    grammar = compile_now(source);
  } catch (...) {
    lock.lock();
    entries_.erase(source.key);
    ++stats_.failed;
    stats_.compile_s += seconds_since(begin);
    compiled_.notify_all();
    throw;
  }
  std::shared_ptr<const ForcedTokens> forced;
  {
    const MutexLock vocabulary_lock(vocabulary_mutex_);
    forced = forced_;
  }
  auto constraint = std::make_shared<const Constraint>(grammar, std::move(forced));
  lock.lock();
  ++stats_.compiled;
  stats_.compile_s += seconds_since(begin);
  Entry& entry = entries_[source.key];
  entry = {std::move(grammar), constraint, ++uses_};
  dropped = make_room();
  compiled_.notify_all();
  return constraint;
}

void ConstraintCache::make_vocabulary() {
  const MutexLock lock(vocabulary_mutex_);
  if (vocabulary_ != nullptr) return;
  const size_t count = std::min(vocab_, static_cast<size_t>(tokenizer_.vocab_count()));
  std::vector<std::string_view> bytes(count);
  for (size_t t = 0; t < count; ++t) {
    const auto token = static_cast<TokenId>(t);
    if (!tokenizer_.is_special(token)) bytes[t] = tokenizer_.token_bytes(token);
  }
  std::vector<std::string> controls;  // the views are of them
  controls.reserve(control_marks_.size());
  for (size_t i = 0; i < control_marks_.size(); ++i) {
    const auto token = static_cast<size_t>(control_marks_[i]);
    if (token < count) bytes[token] = controls.emplace_back(control_text(i));
  }
  vocabulary_ = std::make_shared<const Vocabulary>(bytes);
  forced_ = std::make_shared<const ForcedTokens>(tokenizer_, vocabulary_);
}

std::shared_ptr<TokenGrammar> ConstraintCache::compile_now(const ConstraintSource& source) {
  std::unique_ptr<Grammar> grammar = compile(source);
  make_vocabulary();
  const MutexLock lock(vocabulary_mutex_);
  return std::make_shared<TokenGrammar>(std::move(grammar), vocabulary_);
}

// Takes out what is too much, but never what was used last.
std::vector<ConstraintCache::Entry> ConstraintCache::make_room() {
  struct Kept {
    uint64_t last_use;
    size_t bytes;
    const std::string* key;
  };
  std::vector<Kept> kept;
  size_t bytes = 0;
  for (const auto& [key, entry] : entries_) {
    if (entry.grammar == nullptr) continue;
    kept.push_back({entry.last_use, key.size() + entry.grammar->byte_count(), &key});
    bytes += kept.back().bytes;
  }
  std::ranges::sort(kept, {}, &Kept::last_use);
  std::vector<Entry> dropped;
  size_t first = 0;
  for (; first + 1 < kept.size() && (bytes > bytes_max_ || kept.size() - first > limits::kCompiledMax); ++first) {
    bytes -= kept[first].bytes;
    const auto at = entries_.find(*kept[first].key);
    dropped.push_back(std::move(at->second));
    entries_.erase(at);
  }
  stats_.kept = kept.size() - first;
  stats_.kept_bytes = bytes;
  return dropped;
}

void ConstraintCache::warm_json() {
  constexpr std::string_view kText =
      R"({"a":[1,-20.5e+3,0.25,true,false,null,"b \n\u00e9 \"",{}],"name":{"c":"","d":[]},"text":"One, two.","n":12})";
  const auto constraint = get(any_json_object_source({}));
  TokenMask mask;
  for (size_t bytes = 0; bytes <= kText.size(); ++bytes) {
    const auto place = constraint->start({}, {});
    for (const TokenId token :
         tokenizer_.encode(kText.substr(0, bytes), {.add_special = false, .parse_special = false})) {
      if (!place->accept(token)) break;
    }
    mask.reset(vocab_);
    place->restrict(mask, {});
  }
}

ConstraintStats ConstraintCache::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

}  // namespace estoc::grammar
