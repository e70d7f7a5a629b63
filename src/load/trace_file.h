// Files of recorded request times and lengths: Azure's CSV and Mooncake's JSON lines.
//
// CSV: the line TIMESTAMP,ContextTokens,GeneratedTokens, then e.g. 2023-11-16 18:17:03.9799600,4808,10; a zone Z or
// +00:00 behind the time is allowed. JSON lines: {"timestamp": <ms>, "input_length": n, "output_length": n, "hash_ids":
// [...]}, where each id stands for 512 tokens of the prompt (the last for what is left), and equal ids for equal ones.
// Pure functions. Errors: Error{corrupt_file} with the file's name and the line, Error{not_found, io}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace estoc {

constexpr int kTraceBlockTokens = 512;

struct TraceRequest {
  double at_s = 0;  // after the first request
  int input_tokens = 0;
  int output_tokens = 0;
  std::vector<uint64_t> blocks;  // what the prompt's blocks hold; empty where the trace does not say
};

// In order of time, at least one. `name` is for messages. The format is told by the first character.
std::vector<TraceRequest> parse_trace(std::string_view text, std::string_view name);

std::vector<TraceRequest> read_trace(const std::string& path);

}  // namespace estoc
