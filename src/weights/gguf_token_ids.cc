#include "weights/gguf_token_ids.h"

#include <string>

#include "base/error.h"
#include "base/log.h"

namespace estoc {
namespace {

// All bits set in 32 or 64 bits, signed or not.
bool is_none(const Metadata::Value& value) {
  if (const auto* id = std::get_if<int64_t>(&value)) return *id == -1;
  if (const auto* id = std::get_if<uint64_t>(&value)) return *id == UINT32_MAX || *id == UINT64_MAX;
  return false;
}

}  // namespace

std::optional<int64_t> gguf_token_id(const Metadata& metadata, std::string_view key) {
  const Metadata::Value* value = metadata.find(key);
  if (value == nullptr || is_none(*value)) return std::nullopt;
  const int64_t id = *metadata.get_int(key);
  if (id >= 0 && id <= INT32_MAX) return id;
  fail(ErrorCode::corrupt_file, "{}: metadata key '{}' is {}, expected a token id", metadata.source, key, id);
}

void warn_of_absent_tokens(const Metadata& metadata) {
  std::string absent;
  for (const auto& [key, value] : metadata.values()) {
    if (!key.starts_with("tokenizer.ggml.") || !key.ends_with("_token_id") || !is_none(value)) continue;
    absent += (absent.empty() ? "" : ", ") + key;
  }
  if (!absent.empty()) log_warn("{}: {}: read as no such token (all bits are set)", metadata.source, absent);
}

}  // namespace estoc
