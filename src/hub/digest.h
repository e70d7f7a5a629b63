// Digests by which hubs name contents: SHA-256, and the SHA-1 that Git gives a small file.
//
// A digest is text from a stranger until `Digest::sha256` or `Digest::git_blob` has found it to be nothing but hex
// digits: only such a one is used in a path.
// Threads: values and objects of one thread. Errors: Error{io} for a file that cannot be read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace estoc {

struct Digest {
  enum class Kind { none, sha256, git_blob };
  Kind kind = Kind::none;
  std::string hex;

  static std::optional<Digest> sha256(std::string_view hex);    // 64 digits
  static std::optional<Digest> git_blob(std::string_view hex);  // 40 digits
  // An ETag of a hub: either of the two, in quotes or not, weak or not.
  static std::optional<Digest> of_etag(std::string_view etag);

  bool operator==(const Digest&) const = default;
};

// Computes a digest over bytes that come in pieces.
class Digester {
 public:
  // Git's begins with the size of all.
  Digester(Digest::Kind kind, uint64_t size);
  ~Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;

  void add(std::span<const std::byte> bytes);
  // Once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;  // null for Kind::none
};

// SHA-256 of a text: names for what has none.
std::string sha256_hex(std::string_view text);

}  // namespace estoc
