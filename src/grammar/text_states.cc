#include "grammar/text_states.h"

#include <algorithm>
#include <memory>

#include "base/hex.h"

namespace estoc::grammar {
namespace {

struct ShortEscape {
  char letter;
  uint32_t code_point;
};
constexpr ShortEscape kShortEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'b', '\b'}, {'f', '\f'},
                                         {'n', '\n'}, {'r', '\r'},  {'t', '\t'}};
constexpr uint32_t kFirstUnescaped = 0x20;

bool has_short_escape(uint32_t c) {
  return std::any_of(std::begin(kShortEscapes), std::end(kShortEscapes),
                     [&](const ShortEscape& one) { return one.code_point == c; });
}

// The code points of so many bytes.
CharRange range_of_length(int bytes) {
  if (bytes == 2) return {0x80, 0x7FF};
  if (bytes == 3) return {0x800, 0xFFFF};
  return {0x10000, kCodePointMax};
}

// Of \uXXXX where any character may stand: the digits read so far, as a state of its own.
enum FreeHex : uint32_t {
  kFirst,         // before the first digit
  kTwoMore = 10,  // 10 + n: n digits of a character that is no surrogate
  kAfterD = 20,   // the second digit decides
  kHigh = 30,     // 30 + n: n digits of a first half
  kBackslash = 40,
  kU = 41,
  kLowD = 42,       // the D of a second half
  kLowSecond = 43,  // its C to F
  kLow = 50,        // 50 + n: n digits of it
};

}  // namespace

std::string json_string(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    const auto* found = std::find_if(std::begin(kShortEscapes), std::end(kShortEscapes),
                                     [&](const ShortEscape& one) { return one.code_point == code; });
    if (found != std::end(kShortEscapes)) {
      out += {'\\', found->letter};
    } else if (code < kFirstUnescaped) {
      out += {'\\', 'u', '0', '0', kHex[code >> 4], kHex[code & 15]};
    } else {
      out += c;
    }
  }
  return out + "\"";
}

TextStates& TextStates::add_to(Automaton& automaton, CharDfa& dfa) {
  std::unique_ptr<TextStates> made(new TextStates(automaton, dfa));
  TextStates& out = *made;
  out.source_ = automaton.add_source(std::move(made));
  return out;
}

size_t TextStates::KeyHash::operator()(const Key& key) const {
  uint64_t mixed = key.chars * 0x9E3779B97F4A7C15ull;
  mixed ^= (uint64_t{key.value} << 32 | static_cast<uint64_t>(key.phase) << 24 | static_cast<uint64_t>(key.form) << 16 |
            uint64_t{key.missing} << 8 | key.length) *
           0xC2B2AE3D27D4EB4Full;
  return static_cast<size_t>(mixed ^ mixed >> 29);
}

StateId TextStates::intern(const Key& key) {
  const auto [found, is_new] = ids_.try_emplace(key, kDeadState);
  if (is_new) {
    keys_.push_back(key);
    const StateId id = automaton_.add_state(source_, static_cast<uint32_t>(keys_.size() - 1));
    ids_[key] = id;
    return id;
  }
  return found->second;
}

StateId TextStates::start(RegexId regex, TextForm form) {
  const CharState chars = dfa_.start(regex);
  if (chars == kDeadChar) return kDeadState;
  return form == TextForm::plain ? between(chars, form)
                                 : intern({.chars = chars, .phase = Phase::opening, .form = form});
}

StateId TextStates::between(CharState chars, TextForm form) {
  return chars == kDeadChar ? kDeadState : intern({.chars = chars, .form = form});
}

StateInfo TextStates::describe(uint32_t payload) {
  const Key& key = keys_[payload];
  return {.accepts = key.form == TextForm::plain && key.phase == Phase::between && dfa_.accepts(key.chars)};
}

StateId TextStates::step(uint32_t payload, uint8_t byte) {
  const Key key = keys_[payload];
  switch (key.phase) {
    case Phase::opening:
      return byte == '"' ? between(key.chars, key.form) : kDeadState;
    case Phase::between:
      return step_between(key, byte);
    case Phase::tail:
      if ((byte & 0xC0) != 0x80) return kDeadState;
      if (key.missing == 1) return between(key.chars, key.form);
      return intern({.chars = key.chars,
                     .phase = Phase::tail,
                     .form = key.form,
                     .missing = static_cast<uint8_t>(key.missing - 1)});
    case Phase::partial:
      return step_partial(key, byte);
    case Phase::escape:
      return step_escape(key, byte);
    case Phase::hex:
      return step_hex(key, byte);
    case Phase::free_hex:
      return step_free_hex(key, byte);
  }
  return kDeadState;
}

StateId TextStates::step_between(const Key& key, uint8_t byte) {
  if (key.form != TextForm::plain) {
    if (byte < kFirstUnescaped) return kDeadState;
    if (byte == '"') return dfa_.accepts(key.chars) ? kDoneState : kDeadState;
    if (byte == '\\') {
      if (!has_escape(key.chars, key.form)) return kDeadState;
      return intern({.chars = key.chars, .phase = Phase::escape, .form = key.form});
    }
  }
  if (byte < 0x80) return between(dfa_.step(key.chars, byte), key.form);
  Key next{.chars = key.chars, .phase = Phase::partial, .form = key.form};
  if (byte >= 0xC2 && byte <= 0xDF) {
    next.length = 2;
    next.value = byte & 0x1F;
  } else if (byte >= 0xE0 && byte <= 0xEF) {
    next.length = 3;
    next.value = byte & 0x0F;
  } else if (byte >= 0xF0 && byte <= 0xF4) {
    next.length = 4;
    next.value = byte & 0x07;
  } else {
    return kDeadState;
  }
  next.missing = static_cast<uint8_t>(next.length - 1);
  return enter_partial(next);
}

StateId TextStates::step_partial(const Key& key, uint8_t byte) {
  if ((byte & 0xC0) != 0x80) return kDeadState;
  Key next = key;
  next.value = key.value << 6 | (byte & 0x3F);
  --next.missing;
  if (next.missing > 0) return enter_partial(next);
  const auto [low, high] = range_of_length(key.length);
  if (next.value < low || next.value > high) return kDeadState;
  return between(dfa_.step(key.chars, next.value), key.form);
}

// A state for the characters that begin with what was read: none when all of them lead nowhere, one for all
// beginnings when they lead to the same.
StateId TextStates::enter_partial(const Key& key) {
  const auto [lowest, highest] = range_of_length(key.length);
  const uint32_t bits = 6u * key.missing;
  const uint32_t first = key.value << bits, last = first | ((1u << bits) - 1);
  const uint32_t low = std::max(first, lowest), high = std::min(last, highest);
  if (low > high) return kDeadState;
  const std::vector<CharEdge>& edges = dfa_.edges(key.chars);
  auto edge = std::prev(
      std::upper_bound(edges.begin(), edges.end(), low, [](uint32_t c, const CharEdge& one) { return c < one.from; }));
  const CharState to = edge->to;
  bool is_same = true, is_live = to != kDeadChar;
  for (++edge; edge != edges.end() && edge->from <= high; ++edge) {
    is_same &= edge->to == to;
    is_live |= edge->to != kDeadChar;
  }
  if (!is_live) return kDeadState;
  if (is_same && low == first && high == last) {
    return intern({.chars = to, .phase = Phase::tail, .form = key.form, .missing = key.missing});
  }
  return intern(key);
}

bool TextStates::has_hex(CharState chars, uint32_t low, uint32_t high) {
  for (uint32_t c = low; c <= high; ++c) {
    if (!has_short_escape(c) && dfa_.step(chars, c) != kDeadChar) return true;
  }
  return false;
}

bool TextStates::has_escape(CharState chars, TextForm form) {
  if (form == TextForm::json_free && dfa_.is_any_text(chars)) return true;
  for (const ShortEscape& one : kShortEscapes) {
    if (dfa_.step(chars, one.code_point) != kDeadChar) return true;
  }
  return has_hex(chars, 0, kFirstUnescaped - 1);
}

StateId TextStates::step_escape(const Key& key, uint8_t byte) {
  const bool is_free = key.form == TextForm::json_free && dfa_.is_any_text(key.chars);
  for (const ShortEscape& one : kShortEscapes) {
    if (byte == static_cast<uint8_t>(one.letter)) return between(dfa_.step(key.chars, one.code_point), key.form);
  }
  if (is_free && byte == '/') return between(key.chars, key.form);
  if (byte != 'u') return kDeadState;
  if (is_free) return intern({.chars = key.chars, .phase = Phase::free_hex, .form = key.form, .value = kFirst});
  if (!has_hex(key.chars, 0, kFirstUnescaped - 1)) return kDeadState;
  return intern({.chars = key.chars, .phase = Phase::hex, .form = key.form, .missing = 4});
}

// \u0000 to \u001f, in lower case.
StateId TextStates::step_hex(const Key& key, uint8_t byte) {
  const int digit = byte >= 'A' && byte <= 'F' ? -1 : hex_digit(static_cast<char>(byte));
  if (digit < 0) return kDeadState;
  Key next = key;
  next.value = key.value * 16 + static_cast<uint32_t>(digit);
  --next.missing;
  const uint32_t bits = 4u * next.missing;
  const uint32_t low = next.value << bits, high = low | ((1u << bits) - 1);
  if (low >= kFirstUnescaped || !has_hex(key.chars, low, std::min(high, kFirstUnescaped - 1))) return kDeadState;
  return next.missing > 0 ? intern(next) : between(dfa_.step(key.chars, next.value), key.form);
}

StateId TextStates::step_free_hex(const Key& key, uint8_t byte) {
  Key next = key;
  if (key.value == kBackslash || key.value == kU) {
    if (byte != (key.value == kU ? 'u' : '\\')) return kDeadState;
    ++next.value;
    return intern(next);
  }
  const int digit = hex_digit(static_cast<char>(byte));
  if (digit < 0) return kDeadState;
  switch (key.value) {
    case kFirst:
      next.value = digit == 0xD ? kAfterD : kTwoMore + 3;
      break;
    case kAfterD:
      if (digit >= 0xC) return kDeadState;
      next.value = digit < 8 ? kTwoMore + 2 : kHigh + 2;
      break;
    case kLowD:
      if (digit != 0xD) return kDeadState;
      next.value = kLowSecond;
      break;
    case kLowSecond:
      if (digit < 0xC) return kDeadState;
      next.value = kLow + 2;
      break;
    default:
      --next.value;
  }
  if (next.value == kTwoMore || next.value == kLow) return between(key.chars, key.form);
  if (next.value == kHigh) next.value = kBackslash;
  return intern(next);
}

StringOutlook::Run TextStates::free_run(uint32_t payload, uint32_t most) {
  const Key key = keys_[payload];
  if (key.phase != Phase::between || key.form == TextForm::plain) return {};
  return outlook_.free_run(key.chars, most);
}

bool TextStates::takes_free(uint32_t payload) {
  const Key key = keys_[payload];
  return key.phase == Phase::between && key.form != TextForm::plain && outlook_.takes_free(key.chars);
}

std::optional<uint32_t> TextStates::common_key(uint32_t payload, uint32_t bytes) {
  const Key key = keys_[payload];
  if (key.form == TextForm::plain || !outlook_.is_any_text(key.chars, bytes)) return std::nullopt;
  const bool is_free = key.form == TextForm::json_free && dfa_.is_any_text(key.chars);
  return key.value << 10 | static_cast<uint32_t>(key.phase) << 7 | uint32_t{key.length} << 4 |
         uint32_t{key.missing} << 1 | static_cast<uint32_t>(is_free);
}

}  // namespace estoc::grammar
