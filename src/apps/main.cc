// estoc: parse the command line, run one command, turn an Error into one line and an exit code.
#include <fmt/format.h>

#include <exception>

#include "apps/command_line.h"
#include "apps/exit_codes.h"
#include "apps/standard_streams.h"
#include "base/error.h"
#include "base/file_faults.h"
#include "base/log.h"

namespace estoc {
namespace {

int main_of(int argc, char** argv) {
  CommandLine line;
  if (const auto code = line.parse(argc, argv, estoc_environment())) return *code;
  for (const std::string& warning : line.warnings()) log_warn("{}", warning);
  return line.run();
}

}  // namespace
}  // namespace estoc

int main(int argc, char** argv) {
  estoc::prepare_standard_streams();
  estoc::end_on_file_faults(estoc::kExitFileLost);
  try {
    return estoc::main_of(argc, argv);
  } catch (const estoc::Error& error) {
    estoc::write_note(fmt::format("estoc: {}\n", error.what()));
    return estoc::kExitRefused;
  } catch (const std::exception& error) {
    estoc::write_note(fmt::format("estoc: internal error: {}\n", error.what()));
    return estoc::kExitFailed;
  }
}
