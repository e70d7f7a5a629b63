#include "hub/digest.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

std::string digest_of(Digest::Kind kind, std::string_view text) {
  Digester digester(kind, text.size());
  for (const char& c : text) digester.add(std::as_bytes(std::span(&c, 1)));
  return digester.hex();
}

TEST(Digest, KnownValues) {
  EXPECT_EQ(digest_of(Digest::Kind::sha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of(Digest::Kind::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abc"), digest_of(Digest::Kind::sha256, "abc"));
  // What `git hash-object` says.
  EXPECT_EQ(digest_of(Digest::Kind::git_blob, "hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
  EXPECT_EQ(digest_of(Digest::Kind::none, "abc"), "");
}

TEST(Digest, OnlyHexIsOne) {
  const std::string sha256(64, 'a'), sha1(40, '0');
  EXPECT_EQ(Digest::of_etag("\"" + sha256 + "\"")->kind, Digest::Kind::sha256);
  EXPECT_EQ(Digest::of_etag("W/\"" + sha1 + "\"")->kind, Digest::Kind::git_blob);
  EXPECT_EQ(Digest::of_etag(sha256)->hex, sha256);
  for (const std::string& text : {std::string(), "\"" + sha256, std::string(64, 'G'), "../" + std::string(61, 'a'),
                                  std::string("\"686897696a7c876b7e\"")}) {
    EXPECT_FALSE(Digest::of_etag(text)) << text;
  }
  EXPECT_FALSE(Digest::sha256(sha1));
  EXPECT_FALSE(Digest::git_blob(sha256));
}

}  // namespace
}  // namespace estoc
