#include "tokenizer/library_characters.h"

#include <algorithm>

namespace estoc {
namespace {

using CodePointRange = CodePointSet::Range;

struct LowerRun {
  uint32_t first, last;
  int32_t distance;
};

struct ScriptRun {
  uint32_t first, last;
  int script;
};

#include "tokenizer/library_characters.inc"

}  // namespace

const CodePointSet& cleaned_away_characters() {
  static const CodePointSet set(kCleanedAway);
  return set;
}

const CodePointSet& nonspacing_marks() {
  static const CodePointSet set(kNonspacingMarks);
  return set;
}

const CodePointSet& combining_marks() {
  static const CodePointSet set(kCombiningMarks);
  return set;
}

const CodePointSet& punctuation_characters() {
  static const CodePointSet set(kPunctuation);
  return set;
}

const CodePointSet& undecomposed_characters() {
  static const CodePointSet set(kUndecomposed);
  return set;
}

int script_of(uint32_t c) {
  const auto* after = std::ranges::upper_bound(kScripts, c, {}, &ScriptRun::first);
  if (after == std::begin(kScripts)) return 0;
  const ScriptRun& run = *(after - 1);
  return c <= run.last ? run.script : 0;
}

uint32_t late_lower_case(uint32_t c) {
  if (c < kLateLowerCase[0].first) return 0;
  for (const LowerRun& run : kLateLowerCase) {
    if (c >= run.first && c <= run.last) return static_cast<uint32_t>(static_cast<int32_t>(c) + run.distance);
  }
  return 0;
}

}  // namespace estoc
