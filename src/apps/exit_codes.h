// What the process says by its exit code (README, "Exit codes"). The one list of them.
#pragma once

namespace estoc {

enum ExitCode : int {
  kExitDone = 0,        // also a server that a signal stopped when it was ready
  kExitFailed = 1,      // an error of our own, or a measurement without any answer
  kExitRefused = 2,     // the command line, a file or the system does not allow it; a sentence says what
  kExitFileLost = 3,    // a file was cut short while it was in use (base/file_faults.h)
  kExitDeviceLost = 4,  // a GPU failed for good while it was in use: what starts the process anew should
  kExitBySignal = 128   // and the number of the signal: 130 Ctrl-C, 141 nobody reads the output, 143 SIGTERM
};

}  // namespace estoc
