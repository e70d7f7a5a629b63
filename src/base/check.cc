#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace estoc {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "estoc: internal error: %s failed at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace estoc
