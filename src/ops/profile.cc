#include "ops/profile.h"

namespace estoc {

void ProfileScope::finish() {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  std::string_view name = detail_;
  if (const size_t end = name.rfind(".weight"); end != std::string_view::npos) name = name.substr(0, end);
  size_t begin = name.rfind('.');
  if (begin != std::string_view::npos && begin > 0) begin = name.rfind('.', begin - 1);
  if (begin != std::string_view::npos) name.remove_prefix(begin + 1);
  profile_->add(name.empty() ? std::string(op_) : std::string(op_) + " " + std::string(name), seconds, bytes_);
}

}  // namespace estoc
