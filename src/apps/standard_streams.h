// The three standard streams as the commands use them: they may be closed, full, or pipes that nobody reads.
//
// Standard output carries results. Who cannot deliver them ends the process: quietly, as SIGPIPE would, when the reader
// has gone, and with a sentence otherwise. Standard error carries notes, which are dropped where they cannot be
// written. A server writes no results, so it outlives its streams.
// Threads: any; ending the process does not wait for the others.
#pragma once

#include <string_view>

namespace estoc {

// To be called before any file is opened. Files 0 to 2 that are closed get a stand-in, so that no socket or model
// becomes one of them; SIGPIPE is ignored: writes fail instead.
void prepare_standard_streams();

// Writes a result, at once.
void write_output(std::string_view text);
// Also what the libraries wrote to stdout (help, say) is delivered.
inline void flush_output() { write_output({}); }

void write_note(std::string_view text);

}  // namespace estoc
