// States over bytes of regular expressions over characters: as plain UTF-8, or within a JSON string.
//
// What: between characters a state is one of the expression's (char_dfa.h); within a character it says what of it was
// read. Within JSON strings characters stand for themselves wherever JSON allows that, and else have their shortest
// escape; where any text may follow, all escapes of JSON may be used.
// Threads: one at a time. Errors: Error of the expression's limits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "grammar/automaton.h"
#include "grammar/char_dfa.h"
#include "grammar/string_outlook.h"

namespace estoc::grammar {

enum class TextForm : uint8_t {
  plain,
  json,       // with its quotes
  json_free,  // with its quotes, and with any escapes where any text may follow
};

// A text as a JSON string in the spelling that TextForm::json has for it.
std::string json_string(std::string_view text);

class TextStates : public StateSource {
 public:
  // The automaton owns what is returned; `dfa` outlives both.
  static TextStates& add_to(Automaton& automaton, CharDfa& dfa);

  // kDeadState when no text is in the expression; `is_nullable` otherwise says whether the empty text is.
  StateId start(RegexId regex, TextForm form);

  StateInfo describe(uint32_t payload) override;
  StateId step(uint32_t payload, uint8_t byte) override;

  // What is asked of a state within a string; of other states nothing is known.
  StringOutlook::Run free_run(uint32_t payload, uint32_t most);
  bool takes_free(uint32_t payload);
  // A number for what the state makes of texts of up to so many bytes, the same in all grammars, where every text may
  // follow for so long.
  std::optional<uint32_t> common_key(uint32_t payload, uint32_t bytes);
  uint32_t source() const { return source_; }

 private:
  enum class Phase : uint8_t {
    opening,   // before the quote
    between,   // between characters
    tail,      // `value` bytes of a character are missing, whatever they are
    partial,   // within a character: `value` is what of it was read, `missing` bytes follow
    escape,    // behind a backslash
    hex,       // \u of a control character: `missing` digits follow
    free_hex,  // \u of any character
  };
  struct Key {
    CharState chars = 0;
    Phase phase = Phase::between;
    TextForm form = TextForm::plain;
    uint8_t missing = 0, length = 0;  // bytes of the character
    uint32_t value = 0;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };

  TextStates(Automaton& automaton, CharDfa& dfa) : automaton_(automaton), dfa_(dfa), outlook_(dfa) {}
  StateId intern(const Key& key);
  StateId between(CharState chars, TextForm form);
  StateId step_between(const Key& key, uint8_t byte);
  StateId step_partial(const Key& key, uint8_t byte);
  StateId enter_partial(const Key& key);
  StateId step_escape(const Key& key, uint8_t byte);
  StateId step_hex(const Key& key, uint8_t byte);
  StateId step_free_hex(const Key& key, uint8_t byte);
  bool has_escape(CharState chars, TextForm form);
  bool has_hex(CharState chars, uint32_t low, uint32_t high);

  Automaton& automaton_;
  CharDfa& dfa_;
  StringOutlook outlook_;
  uint32_t source_ = 0;
  std::vector<Key> keys_;
  std::unordered_map<Key, StateId, KeyHash> ids_;
};

}  // namespace estoc::grammar
