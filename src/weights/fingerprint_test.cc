#include "weights/fingerprint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/test_directory.h"
#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_naming_rules.h"

namespace estoc {
namespace {

std::string model(int64_t rows = 512) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama"));
  writer.add_tensor("token_embd.weight", {rows, 64}).add_tensor("output_norm.weight", {64});
  return writer.text();
}

uint64_t fingerprint_in_memory(const std::string& text) {
  return fingerprint_of(*gguf_from_memory(as_bytes(text), "memory.gguf", test_naming_rules()));
}

TEST(Fingerprint, IsTheSameForTheSameBytes) {
  EXPECT_EQ(fingerprint_in_memory(model()), fingerprint_in_memory(model()));
}

TEST(Fingerprint, ChangesWithShapeAndWithSampledBytes) {
  const std::string text = model();
  const uint64_t before = fingerprint_in_memory(text);
  EXPECT_NE(before, fingerprint_in_memory(model(500)));
  const size_t tensor_bytes = 512 * 64 * 4, norm_bytes = 64 * 4;
  for (const size_t from_end : {size_t{1}, norm_bytes, norm_bytes + 1, norm_bytes + tensor_bytes}) {
    std::string changed = text;
    changed[changed.size() - from_end] ^= 1;
    EXPECT_NE(before, fingerprint_in_memory(changed)) << from_end;
  }
}

// The change lies between the sampled pages and the modification time is put back: the other time tells.
TEST(Fingerprint, SeesAnyChangeOfAFileWhereItLies) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("a.gguf", model());
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  const auto source = open_weights(path, test_naming_rules());
  const uint64_t before = fingerprint_of(*source);
  EXPECT_EQ(fingerprint_of(*open_weights(path, test_naming_rules())), before);
  EXPECT_TRUE(is_unchanged(*source));

  std::string changed = model();
  changed[changed.size() - 256 - 512 * 64 * 4 + 20'000] ^= 1;
  ASSERT_EQ(fingerprint_in_memory(changed), fingerprint_in_memory(model())) << "the change is meant to be missed";
  for (int i = 0; i < 200 && file_stamp(path) == source->files().front().stamp(); ++i) {
    directory.write("a.gguf", changed);  // again while the clock of the file system stands still
    const timespec times[] = {info.st_atim, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }
  EXPECT_EQ(file_stamp(path)->modified_ns, source->files().front().stamp().modified_ns);
  EXPECT_NE(fingerprint_of(*open_weights(path, test_naming_rules())), before);
  EXPECT_FALSE(is_unchanged(*source));
}

TEST(Fingerprint, SeesThatAFileIsGone) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("a.gguf", model());
  const auto source = open_weights(path, test_naming_rules());
  std::filesystem::remove(path);
  EXPECT_FALSE(is_unchanged(*source));
}

}  // namespace
}  // namespace estoc
