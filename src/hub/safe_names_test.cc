#include "hub/safe_names.h"

#include <gtest/gtest.h>

#include <string>

namespace estoc {
namespace {

TEST(SafeNames, PathsStayBelowTheirFolder) {
  for (const char* path : {"config.json", "a/b/c.gguf", ".gitattributes", "..a", "a..b", "x-00001-of-00002.gguf", "a b",
                           "gr\xc3\xbc\xc3\x9f"}) {
    EXPECT_TRUE(is_safe_path(path)) << path;
  }
  for (const char* path : {"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a\\b", "a:b",
                           "a\nb", "a\x7f", "\xff", "C:/a"}) {
    EXPECT_FALSE(is_safe_path(path)) << path;
  }
  EXPECT_FALSE(is_safe_path(std::string("a\0b", 3)));
  EXPECT_TRUE(is_safe_path(std::string(200, 'a')));
  EXPECT_FALSE(is_safe_path(std::string(201, 'a')));
  std::string deep = "a";
  for (int i = 0; i < 15; ++i) deep += "/a";
  EXPECT_TRUE(is_safe_path(deep));
  EXPECT_FALSE(is_safe_path(deep + "/a"));
}

TEST(SafeNames, RepositoriesAreTwoParts) {
  for (const char* id : {"org/name", "Qwen/Qwen3-0.6B", "a_b/c.d", "0/1"}) EXPECT_TRUE(is_repo_id(id)) << id;
  for (const char* id : {"", "name", "/name", "org/", "a/b/c", "a--b/c", "a..b/c", "-a/b", "a/.b", "a/b.git", "a b/c",
                         "a/b\n", "../b", "a/b-"}) {
    EXPECT_FALSE(is_repo_id(id)) << id;
  }
  std::string name(60, 'a');
  EXPECT_TRUE(is_repo_id(name.append("/b")));
  EXPECT_FALSE(is_repo_id(name.append(60, 'b')));
}

TEST(SafeNames, RevisionsMayHaveSlashes) {
  for (const char* text : {"main", "v1.0", "refs/pr/1", "dev/new"}) EXPECT_TRUE(is_revision(text)) << text;
  for (const char* text : {"", "..", "a..b", "/a", "a/", "-x", "a b", "a:b", "a?b", "a%2e"}) {
    EXPECT_FALSE(is_revision(text)) << text;
  }
}

TEST(SafeNames, DigestsAreSmallHex) {
  EXPECT_TRUE(is_commit(std::string(40, 'a')));
  for (const std::string& text :
       {std::string(40, 'A'), std::string(39, 'a'), std::string(40, 'g'), std::string(41, '0')}) {
    EXPECT_FALSE(is_commit(text)) << text;
  }
}

}  // namespace
}  // namespace estoc
