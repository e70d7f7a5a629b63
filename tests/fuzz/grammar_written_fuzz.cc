// Written grammars and regular expressions: whatever the text, compiling it is bounded, and what compiles has no dead
// end. The first byte says which syntax; the rest is the text.
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "grammar/chart.h"
#include "grammar/gbnf.h"
#include "grammar/lark.h"

namespace {

std::unique_ptr<estoc::grammar::Grammar> compile(char kind, std::string_view text) {
  if (kind == 'g') return estoc::grammar::compile_gbnf(text);
  if (kind == 'l') return estoc::grammar::compile_lark(text);
  return estoc::grammar::compile_regex(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > 2000) return 0;
  try {
    const auto grammar = compile(static_cast<char>(data[0]), {reinterpret_cast<const char*>(data) + 1, size - 1});
    estoc::grammar::Chart chart(grammar->automaton);
    chart.start(grammar->start);
    // A walk of bytes that the input itself chooses among those that are allowed.
    for (size_t step = 0; step < 40; ++step) {
      const uint8_t first = data[step % size];
      bool has_moved = false;
      for (int i = 0; i < 256 && !has_moved; ++i) has_moved = chart.push(static_cast<uint8_t>(first + i));
      if (!has_moved) {
        if (!chart.ends_outside()) std::abort();
        break;
      }
    }
  } catch (const estoc::Error&) {
  }
  return 0;
}
