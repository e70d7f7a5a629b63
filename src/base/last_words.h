// A line for standard error from where nothing may wait and nothing may be allocated: a signal handler, or a thread
// that ends the process whatever the others are doing. Async-signal-safe. When the line cannot be written without
// waiting (a full pipe, nobody there), it is dropped.
#pragma once

#include <string_view>

namespace estoc {

void write_last_words(std::string_view text) noexcept;

}  // namespace estoc
