// A mapped file that is cut short while it is in use, or whose disk fails: reading what is missing raises SIGBUS, which
// by default ends the process without a word. Here it ends with a sentence that names the file.
//
// Going on is not possible: the bytes are needed by whatever was reading them. Threads: any; the handler may run on
// any thread and is async-signal-safe. Errors: none.
#pragma once

#include <cstddef>
#include <string>

namespace estoc {

// From now on such a fault writes the sentence to standard error and ends the process with this code. Faults that are
// not in a noted mapping do what they did before.
void end_on_file_faults(int exit_code);

// What MappedFile tells about its mapping; a few hundred at a time have a name.
void note_mapping(const std::byte* begin, size_t bytes, const std::string& path);
void forget_mapping(const std::byte* begin);

}  // namespace estoc
