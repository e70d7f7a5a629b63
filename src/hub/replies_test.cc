// What hubs answer, read: lists of files, manifests, pages, ranges.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "hub/hf_repository.h"
#include "hub/modelscope.h"
#include "hub/ollama.h"
#include "hub/url_file.h"
#include "hub/web_reader.h"

namespace estoc {
namespace {

const std::string kSha256(64, 'a'), kSha1(40, 'b');

TEST(Replies, TreePages) {
  RepoListing listing;
  read_tree_page(R"([{"type": "directory", "path": "d", "oid": "x"},
                     {"type": "file", "path": "config.json", "size": 5, "oid": ")" +
                     kSha1 + R"("},
                     {"type": "file", "path": "m.gguf", "size": 130, "oid": ")" +
                     kSha1 + R"(",
                      "lfs": {"oid": ")" +
                     kSha256 + R"(", "size": 7, "pointerSize": 130}},
                     {"type": "file", "path": "../evil", "size": 5, "oid": ")" +
                     kSha1 + R"("}])",
                 "r", listing);
  EXPECT_EQ(listing.paths(), (std::vector<std::string>{"config.json", "m.gguf"}));
  EXPECT_EQ(listing.find("config.json")->digest, *Digest::git_blob(kSha1));
  EXPECT_EQ(listing.find("m.gguf")->digest, *Digest::sha256(kSha256));
  EXPECT_EQ(listing.find("m.gguf")->size, 7u);
  for (const char* fields :
       {R"("path": "x", "size": 1)", R"("size": 1, "oid": "SHA1")", R"("path": "x", "size": 1, "oid": "../../x")",
        R"("path": "x", "size": -1, "oid": "SHA1")", R"("path": "x", "size": 1e30, "oid": "SHA1")",
        R"("path": "x", "size": "1", "oid": "SHA1")"}) {
    std::string entry = fields;
    if (const size_t at = entry.find("SHA1"); at != std::string::npos) entry.replace(at, 4, kSha1);
    entry = fmt::format(R"({{"type": "file", {}}})", entry);
    EXPECT_THROW(read_tree_page("[" + entry + "]", "r", listing), Error) << entry;
  }
  for (const char* text : {"", "{}", "null", "[[", "\xff"}) {
    EXPECT_THROW(read_tree_page(text, "r", listing), Error) << text;
  }
  EXPECT_THROW(read_tree_page(std::string(1000, '['), "r", listing), Error);
}

TEST(Replies, NextPages) {
  EXPECT_EQ(next_page("<https://h/a?cursor=x>; rel=\"next\""), "https://h/a?cursor=x");
  EXPECT_EQ(next_page("<https://h/b>; rel=\"prev\", <https://h/c>; rel=\"next\""), "https://h/c");
  for (const char* text : {"", "<", ">", "><", "<a>", "<a>; rel=\"prev\"", "rel=\"next\""})
    EXPECT_EQ(next_page(text), "") << text;
}

TEST(Replies, ModelscopeListings) {
  const RepoListing listing = read_modelscope_listing(
      R"({"Code": 200, "Data": {"Files": [{"Type": "tree", "Path": "d"}, {"Type": "blob", "Path": "a", "Size": 3, "Sha256": ")" +
          kSha256 + R"("}, {"Type": "blob", "Path": "b", "Size": 4, "Sha256": ""}]}})",
      "r");
  EXPECT_EQ(listing.find("a")->digest.hex, kSha256);
  EXPECT_EQ(listing.find("b")->digest.kind, Digest::Kind::none);
  for (const char* text : {"{}", R"({"Data": null})", R"({"Data": {"Files": [{"Path": "a"}]}})",
                           R"({"Data": {"Files": [{"Path": "a", "Size": 1, "Sha256": "x"}]}})"}) {
    EXPECT_THROW(read_modelscope_listing(text, "r"), Error) << text;
  }
}

// The published key, hashed by another program.
TEST(Replies, ModelscopeLocksAreItsClients) {
  EXPECT_EQ(modelscope_lock("/c", "Qwen/Qwen3-0.6B", "config.json"),
            "/c/.lock/file_fe47577b0085d875991c8984c01aba27ad4e2edbe4fa32c65bd22e345e2c7543.lock");
}

TEST(Replies, OllamaManifests) {
  const auto layer = [](const std::string& digest, const std::string& kind = "application/vnd.ollama.image.model") {
    return R"({"mediaType": ")" + kind + R"(", "digest": ")" + digest + R"(", "size": 9})";
  };
  const std::string good = "sha256:" + kSha256;
  const OllamaManifest manifest =
      parse_ollama_manifest(R"({"config": )" + layer(good, "c") + R"(, "layers": [)" + layer(good) + "]}", "m");
  EXPECT_EQ(manifest.layers.size(), 2u);
  EXPECT_EQ(manifest.model("m").digest.hex, kSha256);
  EXPECT_EQ(ollama_blob_path("/f", manifest.model("m").digest), "/f/blobs/sha256-" + kSha256);
  for (const std::string& digest : {std::string(), kSha256, "sha256:../" + kSha256.substr(3), "sha256:" + kSha256 + "0",
                                    "sha256:" + std::string(64, 'A'), "sha512:" + kSha256}) {
    EXPECT_THROW(parse_ollama_manifest(R"({"layers": [)" + layer(digest) + "]}", "m"), Error) << digest;
  }
  EXPECT_THROW(parse_ollama_manifest(R"({"layers": [)" + layer(good) + "," + layer(good) + "]}", "m").model("m"),
               Error);
  EXPECT_THROW(parse_ollama_manifest(R"({"layers": []})", "m").model("m"), Error);
  EXPECT_THROW(parse_ollama_manifest("[]", "m"), Error);
}

TEST(Replies, ContentRanges) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->range.first, 5u);
  EXPECT_EQ(range->range.last, 9u);
  EXPECT_EQ(range->total, 20u);
  for (const char* text : {"", "bytes", "bytes 5-9", "bytes 9-5/20", "bytes 5-20/20", "bytes */20", "bytes 5-9/*",
                           "bytes -9/20", "bytes 5-9/99999999999999999999", "pages 5-9/20", "bytes 5/9-20"}) {
    EXPECT_FALSE(parse_content_range(text)) << text;
  }
}

TEST(Replies, HowLongToWait) {
  WebHead head;
  EXPECT_EQ(head.retry_after_s(), std::nullopt);
  head.headers["retry-after"] = "7";
  EXPECT_EQ(head.retry_after_s(), 7);
  head.headers["retry-after"] = "Wed, 21 Oct 2015 07:28:00 GMT";
  EXPECT_EQ(head.retry_after_s(), 0);
  head.headers["retry-after"] = "soon";
  EXPECT_EQ(head.retry_after_s(), std::nullopt);
  Patience patience;
  EXPECT_EQ(patience.next_wait("x", {}).count(), 500);
  EXPECT_EQ(patience.next_wait("x", {}).count(), 1000);
  EXPECT_EQ(patience.next_wait("x", 9).count(), 9000);
  EXPECT_EQ(patience.next_wait("x", 0.1).count(), 4000);
  EXPECT_THROW(patience.next_wait("x", {}), Error);
  patience.reset();
  EXPECT_EQ(patience.next_wait("x", {}).count(), 500);
  EXPECT_THROW(patience.next_wait("x", 301), Error);
}

TEST(Replies, AddressesOfParts) {
  EXPECT_EQ(urls_of_parts("https://h/x.gguf").size(), 1u);
  EXPECT_EQ(urls_of_parts("https://h/x-00001-of-00003.gguf?k=v").back(), "https://h/x-00003-of-00003.gguf?k=v");
  EXPECT_THROW(urls_of_parts("https://h/x-00002-of-00003.gguf"), Error);
  EXPECT_THROW(urls_of_parts("https://h/x-00001-of-99999.gguf"), Error);
  EXPECT_EQ(urls_of_parts("https://h/x-00001-of-000a3.gguf").size(), 1u);
}

}  // namespace
}  // namespace estoc
