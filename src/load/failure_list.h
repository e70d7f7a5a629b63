// Why requests failed, the most frequent reasons first. Pure.
#pragma once

#include <string>
#include <vector>

#include "load/results.h"

namespace estoc {

// "12 x status 429: the queue is full"; at most `lines_max`.
std::vector<std::string> failure_list(const std::vector<RequestRecord>& requests, size_t lines_max);

}  // namespace estoc
