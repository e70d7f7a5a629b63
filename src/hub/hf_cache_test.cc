#include "hub/hf_cache.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "hub/disk.h"

namespace estoc {
namespace {

const std::string kFirst(40, 'a'), kSecond(40, 'b');

class HfCacheTest : public ::testing::Test {
 protected:
  void add(const std::string& commit, const std::string& path, const std::string& etag) {
    folder_.write("models--org--name/blobs/" + etag, "content of " + etag);
    cache_.place("org/name", commit, path, etag);
  }
  bool has_blob(const std::string& etag) const { return std::filesystem::exists(cache_.blob("org/name", etag)); }

  TemporaryDirectory folder_;
  HfCache cache_{folder_.path(), true};
};

TEST_F(HfCacheTest, LinksAreRelative) {
  add(kFirst, "config.json", "e1");
  add(kFirst, "sub/x.gguf", "e2");
  const std::filesystem::path snapshot = cache_.snapshot("org/name", kFirst);
  EXPECT_EQ(std::filesystem::read_symlink(snapshot / "config.json"), "../../blobs/e1");
  EXPECT_EQ(std::filesystem::read_symlink(snapshot / "sub/x.gguf"), "../../../blobs/e2");
  EXPECT_EQ(read_file((snapshot / "sub/x.gguf").string()), "content of e2");
  EXPECT_EQ(cache_.repos(), std::vector<std::string>{"org/name"});
  EXPECT_EQ(cache_.commits("org/name"), std::vector<std::string>{kFirst});
}

TEST_F(HfCacheTest, RefsAreCommitsOrNothing) {
  cache_.write_ref("org/name", "main", kFirst);
  cache_.write_ref("org/name", "refs/pr/1", kSecond);
  EXPECT_EQ(cache_.commit_of("org/name", "main"), kFirst);
  EXPECT_EQ(cache_.commit_of("org/name", "refs/pr/1"), kSecond);
  EXPECT_EQ(cache_.commit_of("org/name", kSecond), kSecond);
  EXPECT_EQ(cache_.refs_of("org/name", kSecond), std::vector<std::string>{"refs/pr/1"});
  folder_.write("models--org--name/refs/odd", "../../../../etc");
  folder_.write("models--org--name/refs/long", std::string(1000, 'a'));
  EXPECT_EQ(cache_.commit_of("org/name", "odd"), std::nullopt);
  EXPECT_EQ(cache_.commit_of("org/name", "long"), std::nullopt);
  EXPECT_EQ(cache_.commit_of("org/name", "none"), std::nullopt);
}

TEST_F(HfCacheTest, BlobsThatOthersUseStay) {
  add(kFirst, "model.safetensors", "shared");
  add(kFirst, "config.json", "old");
  add(kSecond, "model.safetensors", "shared");
  add(kSecond, "config.json", "new");
  cache_.write_ref("org/name", "main", kSecond);
  cache_.write_ref("org/name", "before", kFirst);
  EXPECT_EQ(cache_.remove("org/name", kFirst, {"model.safetensors", "config.json"}), 14u);
  EXPECT_TRUE(has_blob("shared") && has_blob("new") && !has_blob("old"));
  EXPECT_EQ(cache_.commit_of("org/name", "before"), std::nullopt);
  EXPECT_EQ(cache_.commits("org/name"), std::vector<std::string>{kSecond});
  cache_.remove("org/name", kSecond, {"model.safetensors", "config.json"});
  EXPECT_FALSE(std::filesystem::exists(cache_.repo_folder("org/name")));
}

TEST_F(HfCacheTest, WhatIsBeingFetchedStays) {
  add(kFirst, "a.gguf", "e1");
  add(kFirst, "b.gguf", "e2");
  folder_.write("models--org--name/blobs/e3.estoc.incomplete", "half");
  make_folders(folder_of(cache_.lock("org/name", "e3")));
  const FileLock lock(cache_.lock("org/name", "e3"), {});
  cache_.remove("org/name", kFirst, {"a.gguf"});
  EXPECT_TRUE(has_blob("e2") && has_blob("e3.estoc.incomplete") && !has_blob("e1"));
  const FileLock other(cache_.lock("org/name", "e2"), {});
  EXPECT_THROW(cache_.remove("org/name", kFirst, {"b.gguf"}), std::exception);
}

TEST_F(HfCacheTest, WithoutLinksTheFileMoves) {
  const HfCache plain(folder_.path(), false);
  folder_.write("models--org--name/blobs/e1", "content");
  const std::string path = plain.place("org/name", kFirst, "x.gguf", "e1");
  EXPECT_FALSE(std::filesystem::is_symlink(path));
  EXPECT_EQ(read_file(path), "content");
  EXPECT_EQ(plain.remove("org/name", kFirst, {"x.gguf"}), 7u);
}

}  // namespace
}  // namespace estoc
