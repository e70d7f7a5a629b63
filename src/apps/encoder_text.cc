#include "apps/encoder_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace estoc {

std::string encoder_text(const EncoderInfo& info) {
  if (info.task == EncoderInfo::Task::embed) {
    return fmt::format("vectors of {} numbers (pooling {}{})", info.outputs, info.pooling,
                       info.is_normalized ? ", length 1" : "");
  }
  if (info.labels.empty() || info.outputs == 1) {
    return fmt::format("scores of {} label{}", info.outputs, info.outputs == 1 ? "" : "s");
  }
  constexpr size_t kShownMax = 5;
  const std::vector<std::string> shown(
      info.labels.begin(), info.labels.begin() + static_cast<std::ptrdiff_t>(std::min(kShownMax, info.labels.size())));
  return fmt::format("scores of {} labels ({}{})", info.outputs, fmt::join(shown, ", "),
                     info.labels.size() > kShownMax ? ", ..." : "");
}

}  // namespace estoc
