// The GGUF parser on good files, and on one file per way to be wrong.
#include "weights/gguf_file.h"

#include <gtest/gtest.h>

#include "quant/k_affine.h"
#include "quant/q8.h"
#include "weights/gguf_limits.h"
#include "weights/gguf_writer.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

const std::string kFile = "some/model.gguf";

GgufFile parse(const std::string& text) { return parse_gguf(as_bytes(text), kFile); }

void expect_bad(const std::string& text, std::string_view words, ErrorCode code = ErrorCode::corrupt_file) {
  SCOPED_TRACE(words);
  expect_refused(code, words, [&] { parse(text); });
  expect_refused(code, kFile, [&] { parse(text); });
}

GgufWriter::Tensor tensor(std::string name, std::vector<int64_t> shape, uint32_t type, size_t bytes) {
  return {std::move(name), std::move(shape), type, std::string(bytes, '\1'), {}};
}

TEST(GgufFileTest, reads_every_kind_of_value) {
  GgufWriter writer;
  writer.set("u8", GgufValue::scalar<uint8_t>(0, 200)).set("i8", GgufValue::scalar<int8_t>(1, -3));
  writer.set("u16", GgufValue::scalar<uint16_t>(2, 60000)).set("i16", GgufValue::scalar<int16_t>(3, -300));
  writer.set("u32", GgufValue::u32(4000000000u)).set("i32", GgufValue::i32(-5));
  writer.set("f32", GgufValue::f32(0.25f)).set("bool", GgufValue::boolean(true));
  writer.set("string", GgufValue::string("llama")).set("u64", GgufValue::u64(UINT64_MAX));
  writer.set("i64", GgufValue::scalar<int64_t>(11, INT64_MIN)).set("f64", GgufValue::scalar(12, 0.1));
  writer.set("u8s", GgufValue::array<uint8_t>(0, {1, 255})).set("i16s", GgufValue::array<int16_t>(3, {-1, 2}));
  writer.set("f32s", GgufValue::array<float>(6, {1, 2})).set("bools", GgufValue::array<uint8_t>(7, {1, 0}));
  writer.set("strings", GgufValue::strings({"a", "", "ccc"})).set("none", GgufValue::array<uint32_t>(4, {}));
  const std::string text = writer.text();
  const Metadata metadata = parse(text).metadata;
  EXPECT_EQ(metadata.get_int("u8"), 200);
  EXPECT_EQ(metadata.get_int("i8"), -3);
  EXPECT_EQ(metadata.get_int("u16"), 60000);
  EXPECT_EQ(metadata.get_int("i16"), -300);
  EXPECT_EQ(metadata.get_int("u32"), 4000000000);
  EXPECT_EQ(metadata.get_int("i32"), -5);
  EXPECT_EQ(metadata.get_double("f32"), 0.25);
  EXPECT_EQ(metadata.get_bool("bool"), true);
  EXPECT_EQ(metadata.get_string("string"), "llama");
  EXPECT_EQ(std::get<uint64_t>(*metadata.find("u64")), UINT64_MAX);
  EXPECT_EQ(metadata.get_int("i64"), INT64_MIN);
  EXPECT_EQ(metadata.get_double("f64"), 0.1);
  EXPECT_EQ(metadata.get_ints("u8s"), (std::vector<int64_t>{1, 255}));
  EXPECT_EQ(metadata.get_ints("i16s"), (std::vector<int64_t>{-1, 2}));
  EXPECT_EQ(metadata.get_doubles("f32s"), (std::vector<double>{1, 2}));
  EXPECT_EQ(std::get<std::vector<bool>>(*metadata.find("bools")), (std::vector<bool>{true, false}));
  EXPECT_EQ(*metadata.get_strings("strings"), (std::vector<std::string_view>{"a", "", "ccc"}));
  EXPECT_EQ(metadata.get_ints("none"), std::vector<int64_t>());
  expect_refused(ErrorCode::corrupt_file, "'u64'", [&] { metadata.get_int("u64"); });
}

TEST(GgufFileTest, reads_tensors_with_dimensions_turned_around) {
  for (const uint32_t version : {2, 3}) {
    GgufWriter writer;
    writer.version = version;
    writer.add_tensor("token_embd.weight", {3, 64}, q8_0)
        .add_tensor("output_norm.weight", {64})
        .add_tensor("scalar", {});
    const std::string text = writer.text();
    const GgufFile file = parse(text);
    ASSERT_EQ(file.tensors.size(), 3u);
    EXPECT_EQ(file.tensors[0].name, "token_embd.weight");
    EXPECT_EQ(file.tensors[0].format, &q8_0);
    EXPECT_EQ(file.tensors[0].shape, (std::vector<int64_t>{3, 64}));
    EXPECT_EQ(file.tensors[0].bytes.size(), 3u * 68);
    EXPECT_EQ(file.tensors[1].bytes.size(), 256u);
    EXPECT_EQ((file.tensors[1].bytes.data() - as_bytes(text).data()) % 32, 0);
    EXPECT_EQ(file.tensors[2].bytes.size(), 4u);
  }
}

TEST(GgufFileTest, honours_the_alignment_it_is_told) {
  for (const uint64_t alignment : {1, 8, 4096}) {
    GgufWriter writer;
    writer.alignment = alignment;
    writer.says_alignment = true;
    writer.add_tensor("a", {5}, f16).add_tensor("b", {1});
    const std::string text = writer.text();
    const GgufFile file = parse(text);
    float value = 0;
    std::memcpy(&value, file.tensors[1].bytes.data(), sizeof value);
    EXPECT_EQ(value, 0.5f);
  }
}

TEST(GgufFileTest, refuses_other_files_and_versions) {
  expect_bad("", "truncated at byte 0 in the magic number");
  expect_bad("GGU", "truncated at byte 0 in the magic number");
  expect_bad("PK\3\4 and more", "begins with the bytes 504b0304");
  GgufWriter writer;
  writer.magic = 0x47475546;
  expect_bad(writer.text(), "big-endian", ErrorCode::unsupported);
  writer.magic = 0x46554747;
  writer.version = 0x03000000;
  expect_bad(writer.text(), "big-endian", ErrorCode::unsupported);
  for (const uint32_t version : {0, 1, 4}) {
    writer.version = version;
    expect_bad(writer.text(), "expected 2 or 3", ErrorCode::unsupported);
  }
}

TEST(GgufFileTest, refuses_every_truncation) {
  GgufWriter writer;
  writer.set("key", GgufValue::strings({"one", "two"})).add_tensor("a", {2, 32}, q8_0).add_tensor("b", {8});
  const std::string text = writer.text();
  ASSERT_EQ(parse(text).tensors.size(), 2u);
  for (size_t size = 0; size < text.size(); ++size) {
    const std::string part = text.substr(0, size);  // its own allocation, so that a sanitizer sees a read past the end
    EXPECT_THROW(parse(part), Error) << size;
  }
}

TEST(GgufFileTest, refuses_absurd_counts) {
  GgufWriter writer;
  writer.key_count = UINT64_MAX;
  expect_bad(writer.text(), "promises 18446744073709551615 metadata keys");
  writer.key_count = 0;
  writer.tensor_count = uint64_t{1} << 60;
  expect_bad(writer.text(), "promises 1152921504606846976 tensors");

  const std::string count = GgufValue::raw<uint64_t>(uint64_t{1} << 61);
  expect_bad(GgufWriter().set("key", {8, count + "abc"}).text(), "metadata key 'key'");
  expect_bad(GgufWriter().set("key", {9, GgufValue::raw<uint32_t>(4) + count}).text(), "has 2305843009213693952 items");
  expect_bad(GgufWriter().set("key", {9, GgufValue::raw<uint32_t>(8) + count}).text(), "has 2305843009213693952 items");
}

TEST(GgufFileTest, bounds_counts_whatever_the_file_could_hold) {
  GgufWriter writer;
  writer.key_count = kGgufKeysMax + 1;
  expect_bad(writer.text(), "promises 65537 metadata keys, expected at most 65536");
  writer.key_count.reset();
  writer.tensor_count = kGgufTensorsMax + 1;
  expect_bad(writer.text(), "promises 1048577 tensors, expected at most 1048576");
  const std::string count = GgufValue::raw<uint64_t>(kGgufArrayItemsMax + 1);
  for (const uint32_t type : {0, 6, 7, 8, 10}) {
    expect_bad(GgufWriter().set("key", {9, GgufValue::raw(type) + count}).text(),
               "has 33554433 items, expected at most");
  }
}

TEST(GgufFileTest, aligns_no_further_than_the_file_goes) {
  for (const uint32_t alignment : {1u << 20, 1u << 12}) {
    GgufWriter writer;
    writer.set("general.alignment", GgufValue::u32(alignment)).add_tensor("a", {1});  // data at 32, not there
    expect_bad(writer.text(), "tensor 'a' needs 4 bytes from byte 0 of the data, which has only 0");
  }
}

TEST(GgufFileTest, refuses_bad_values) {
  const GgufValue zero = GgufValue::u32(0);
  expect_bad(GgufWriter().set("key", {13, "    "}).text(), "has value type 13");
  expect_bad(GgufWriter().set("key", {9, GgufValue::raw<uint32_t>(13) + std::string(8, '\0')}).text(), "value type 13");
  expect_bad(GgufWriter().set("key", {9, GgufValue::raw<uint32_t>(9) + std::string(8, '\0')}).text(),
             "an array of arrays", ErrorCode::unsupported);
  expect_bad(GgufWriter().set("key", {7, "\2"}).text(), "expected a boolean 0 or 1");
  expect_bad(GgufWriter().set("key", zero).set("key", zero).text(), "metadata key 'key' appears twice");
  expect_bad(GgufWriter().set("", zero).text(), "metadata key number 0 is empty");
  for (const uint32_t alignment : {0u, 24u, 1u << 31}) {
    expect_bad(GgufWriter().set("general.alignment", GgufValue::u32(alignment)).add_tensor("a", {1}).text(),
               "expected a power of two");
  }
  expect_bad(GgufWriter().set("general.alignment", GgufValue::string("32")).add_tensor("a", {1}).text(),
             "is a string, expected an integer");
}

TEST(GgufFileTest, refuses_formats_it_cannot_read_by_name) {
  expect_bad(GgufWriter().add_tensor(tensor("a", {256}, 16, 66)).text(), "tensor 'a' is stored as iq2_xxs (type 16)",
             ErrorCode::unsupported);
  expect_bad(GgufWriter().add_tensor(tensor("a", {256}, 4711, 66)).text(), "an unknown format (type 4711)",
             ErrorCode::unsupported);
}

TEST(GgufFileTest, refuses_bad_shapes) {
  const auto with_shape = [](std::vector<int64_t> shape, uint32_t type) {
    return GgufWriter().add_tensor(tensor("a", std::move(shape), type, 64)).text();
  };
  expect_bad(with_shape({1, 1, 1, 1, 1}, 0), "has 5 dimensions, expected at most 4");
  expect_bad(with_shape({4, 0}, 0), "has a dimension of 0");
  expect_bad(with_shape({-1}, 0), "has a dimension of 18446744073709551615");
  expect_bad(with_shape({2, 33}, 8), "rows of 33 elements, expected a multiple of 32 for q8_0");
  expect_bad(with_shape({2, 128}, 12), "expected a multiple of 256 for q4_k");
  expect_bad(with_shape({int64_t{1} << 40, int64_t{1} << 40}, 0), "more elements than can be counted");
  expect_bad(with_shape({int64_t{1} << 61}, 28), "more elements than can be counted");
}

TEST(GgufFileTest, refuses_bad_places) {
  const auto with_offset = [](uint64_t offset) {
    GgufWriter::Tensor moved = tensor("b", {16}, 0, 64);
    moved.offset = offset;
    return GgufWriter().add_tensor(tensor("a", {16}, 0, 64)).add_tensor(moved).text();
  };
  ASSERT_EQ(parse(with_offset(64)).tensors.size(), 2u);
  expect_bad(with_offset(66), "begins at byte 66 of the data, expected a multiple of 32");
  expect_bad(with_offset(96), "needs 64 bytes from byte 96 of the data, which has only 128");
  expect_bad(with_offset(uint64_t{0} - 32), "needs 64 bytes");
  expect_bad(with_offset(32), "begins at byte 32 of the data, inside 'a' which ends at 64");
  expect_bad(with_offset(0), "begins at byte 0 of the data, inside");
}

TEST(GgufFileTest, refuses_bad_names) {
  expect_bad(GgufWriter().add_tensor("a", {1}).add_tensor("a", {1}).text(), "tensor 'a' appears twice");
  expect_bad(GgufWriter().add_tensor("", {1}).text(), "a tensor has an empty name");
  expect_bad(GgufWriter().add_tensor("two\nlines", {1}).add_tensor("two\nlines", {1}).text(),
             "tensor 'two?lines' appears twice");
}

}  // namespace
}  // namespace estoc
