#include "jinja/datetime.h"

#include <ctime>

#include "base/utf8.h"
#include "jinja/failure.h"

namespace estoc::jinja {

std::string time_text(const std::string& format, int64_t now) {
  constexpr size_t kFormatBytesMax = 1024;
  if (format.size() > kFormatBytesMax) stop("strftime_now: the format is longer than {} bytes", kFormatBytesMax);
  std::string plain;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      plain += format[i];
    } else if (format[++i] == 'f') {
      plain += "000000";
    } else {
      // A padded width such as %99999d is a C extension; letters with E, O, _ and - in front are left to the library.
      if (format[i] >= '1' && format[i] <= '9') stop("strftime_now: widths in the format are not supported");
      plain += {'%', format[i]};
    }
  }
  plain += ' ';  // so that an empty result can be told from a failed one
  const auto seconds = static_cast<std::time_t>(now);
  std::tm local{};
  if (!localtime_r(&seconds, &local)) stop("strftime_now: the time is out of range");
  std::string out(64 * kFormatBytesMax, '\0');
  const size_t bytes = std::strftime(out.data(), out.size(), plain.c_str(), &local);
  if (bytes == 0) stop("strftime_now: the result is too long");
  out.resize(bytes - 1);
  if (!is_valid_utf8(out)) stop("strftime_now: the result is not text");
  return out;
}

}  // namespace estoc::jinja
