// ESTOC_CHECK(condition): a broken invariant of our own is a bug; print where and abort. Never reachable from input.
// ESTOC_DCHECK is the same in debug builds and nothing in release builds, for hot loops.
#pragma once

namespace estoc {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}

#define ESTOC_CHECK(condition) \
  (__builtin_expect(!!(condition), 1) ? void() : ::estoc::check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define ESTOC_DCHECK(condition) void()
#else
#define ESTOC_DCHECK(condition) ESTOC_CHECK(condition)
#endif
