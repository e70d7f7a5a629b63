// Where a user's files are, by what the environment says.
// Threads: any, while nobody changes the environment. Nothing is thrown.
#pragma once

#include <string>

namespace estoc {

// $HOME, else the working folder.
std::string home_directory();

// What this program keeps between starts: $ESTOC_CACHE, else $XDG_CACHE_HOME/estoc, else ~/.cache/estoc.
std::string cache_directory();

}  // namespace estoc
