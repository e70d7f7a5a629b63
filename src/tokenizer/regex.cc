#include "tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>

#include "base/error.h"

namespace estoc {
namespace {

// Longer patterns are refused: real ones stay under 2 kB, and every class in them grows to thousands of ranges.
constexpr size_t kPatternBytesMax = 16 << 10;
constexpr size_t kExpandedBytesMax = 1 << 20;
constexpr uint32_t kMatchLimit = 10'000'000;
constexpr uint32_t kHeapLimitKib = 64 << 10;
constexpr size_t kJitStackMax = 64 << 20;  // grows as needed

}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  bool is_jit = false;
  ~Compiled() { pcre2_code_free(code); }
};

namespace {

// What one search needs besides the pattern; one per call, so that threads never share it.
struct MatchState {
  explicit MatchState(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)), context(pcre2_match_context_create(nullptr)) {
    if (data == nullptr || context == nullptr) throw std::bad_alloc();
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
  }
  MatchState(const MatchState&) = delete;
  MatchState& operator=(const MatchState&) = delete;
  ~MatchState() {
    pcre2_jit_stack_free(stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  // PCRE2's own 32 kB machine stack is enough for almost every text; a real one is made when it was not.
  bool grow_stack() {
    if (stack != nullptr) return false;
    stack = pcre2_jit_stack_create(32 << 10, kJitStackMax, nullptr);
    if (stack == nullptr) return false;
    pcre2_jit_stack_assign(context, nullptr, stack);
    return true;
  }

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* stack = nullptr;
};

int match_at(const pcre2_code* code, std::string_view text, size_t at, MatchState& state) {
  const auto run = [&](uint32_t options) {
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at, options, state.data,
                       state.context);
  };
  int result = run(0);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT && state.grow_stack()) result = run(0);
  if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = run(PCRE2_NO_JIT);
  return result;
}

}  // namespace

Regex::Regex(std::string_view pattern, std::string_view where) : compiled_(std::make_unique<Compiled>()) {
  if (pattern.size() > kPatternBytesMax) {
    fail(ErrorCode::unsupported, "{}: regular expression of {} bytes; at most {} are supported", where, pattern.size(),
         kPatternBytesMax);
  }
  const std::string expanded = expand_unicode_classes(pattern, where);
  if (expanded.size() > kExpandedBytesMax) {
    fail(ErrorCode::unsupported, "{}: regular expression {}: too many Unicode classes", where, pattern);
  }
  int error = 0;
  size_t offset = 0;
  std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
      pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
  if (context == nullptr) throw std::bad_alloc();
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  pcre2_set_parens_nest_limit(context.get(), 100);
  const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  compiled_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expanded.data()), expanded.size(), options, &error,
                                  &offset, context.get());
  if (compiled_->code == nullptr) {
    PCRE2_UCHAR message[256] = {};
    pcre2_get_error_message(error, message, sizeof(message));
    fail(ErrorCode::unsupported, "{}: regular expression {}: {}", where, pattern,
         reinterpret_cast<const char*>(message));
  }
  compiled_->is_jit = pcre2_jit_compile(compiled_->code, PCRE2_JIT_COMPLETE) == 0;
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

void Regex::find_all(std::string_view text, const std::function<void(size_t, size_t)>& found) const {
  MatchState state(compiled_->code);
  size_t at = 0;
  while (at < text.size()) {
    if (match_at(compiled_->code, text, at, state) < 0) return;
    const size_t* offsets = pcre2_get_ovector_pointer(state.data);
    const size_t start = offsets[0];
    const size_t end = offsets[1];
    if (end > start) {
      found(start, end);
      at = end;
    } else {
      // An empty match moves on by one character; a continuation byte is never a place to start from.
      at = start + 1;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    }
  }
}

}  // namespace estoc
