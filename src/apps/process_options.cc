#include "apps/process_options.h"

#include <map>

#include "base/error.h"
#include "base/log.h"
#include "kernels/kernels.h"

namespace estoc {

void apply_isa(const std::string& name) {
  kernels::Isa isa;
  if (!kernels::parse_isa(name.c_str(), &isa)) {
    fail(ErrorCode::invalid_argument, "--isa: '{}' is unknown; expected {}", name, kernels::isa_names());
  }
  if (!kernels::force_isa(isa)) {
    fail(ErrorCode::unsupported, "--isa: this CPU has no {}; the best it has is {}", name,
         kernels::isa_name(kernels::best_isa()));
  }
}

void apply_log_level(const std::string& name) {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::debug},
                                                          {"info", LogLevel::info},
                                                          {"warn", LogLevel::warn},
                                                          {"error", LogLevel::error},
                                                          {"off", LogLevel::off}};
  set_log_level(kLevels.at(name));
}

void apply_process_options(const ModelOptionValues& options) {
  apply_log_level(options.log_level);
  if (!options.isa.empty()) apply_isa(options.isa);
}

}  // namespace estoc
