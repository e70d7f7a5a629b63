// strftime_now: a moment as text, in local time, by C's strftime. Errors: Failure for a result that is too long.
#pragma once

#include <cstdint>
#include <string>

namespace estoc::jinja {

// `now` is seconds since 1970. %f, which C lacks, is microseconds as Python writes them: always 000000 here.
std::string time_text(const std::string& format, int64_t now);

}  // namespace estoc::jinja
