#include "hub/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/check.h"
#include "hub/safe_names.h"

namespace estoc {

std::optional<Digest> Digest::sha256(std::string_view hex) {
  if (!is_hex(hex, 64)) return {};
  return Digest{Kind::sha256, std::string(hex)};
}

std::optional<Digest> Digest::git_blob(std::string_view hex) {
  if (!is_hex(hex, 40)) return {};
  return Digest{Kind::git_blob, std::string(hex)};
}

std::optional<Digest> Digest::of_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  if (auto digest = sha256(etag)) return digest;
  return git_blob(etag);
}

struct Digester::State {
  explicit State(const EVP_MD* kind) : context(EVP_MD_CTX_new()) {
    ESTOC_CHECK(context != nullptr && EVP_DigestInit_ex(context, kind, nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  EVP_MD_CTX* context;
};

Digester::Digester(Digest::Kind kind, uint64_t size) {
  if (kind == Digest::Kind::none) return;
  state_ = std::make_unique<State>(kind == Digest::Kind::sha256 ? EVP_sha256() : EVP_sha1());
  if (kind != Digest::Kind::git_blob) return;
  std::string head = fmt::format("blob {}", size);
  head += '\0';
  add(std::as_bytes(std::span(head)));
}

Digester::~Digester() = default;
Digester::Digester(Digester&&) noexcept = default;
Digester& Digester::operator=(Digester&&) noexcept = default;

void Digester::add(std::span<const std::byte> bytes) {
  if (state_ != nullptr) ESTOC_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Digester::hex() {
  if (state_ == nullptr) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned count = 0;
  ESTOC_CHECK(EVP_DigestFinal_ex(state_->context, bytes.data(), &count) == 1);
  std::string text;
  for (unsigned i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string sha256_hex(std::string_view text) {
  Digester digester(Digest::Kind::sha256, text.size());
  digester.add(std::as_bytes(std::span(text)));
  return digester.hex();
}

}  // namespace estoc
