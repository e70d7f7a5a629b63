// The safetensors parser on good files, and on one file per way to be wrong.
#include "weights/safetensors_file.h"

#include <gtest/gtest.h>

#include "weights/safetensors_text.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

const std::string kFile = "some/model.safetensors";

std::vector<WeightTensor> parse(const std::string& text) {
  return parse_safetensors({reinterpret_cast<const std::byte*>(text.data()), text.size()}, kFile);
}

void expect_bad(const std::string& text, std::string_view words, ErrorCode code = ErrorCode::corrupt_file) {
  SCOPED_TRACE(words);
  expect_refused(code, words, [&] { parse(text); });
  expect_refused(code, kFile, [&] { parse(text); });
}

void expect_bad_entry(std::string_view entry, std::string_view words, size_t data_bytes = 8) {
  expect_bad(safetensors_text(R"({"a": )" + std::string(entry) + "}", std::string(data_bytes, '\0')), words);
}

TEST(SafetensorsFileTest, reads_tensors_in_the_order_of_their_data) {
  const std::string header = R"({"__metadata__": {"format": "pt"},
      "b": {"dtype": "BF16", "shape": [2, 1], "data_offsets": [4, 8]},
      "none": {"dtype": "F32", "shape": [0, 3], "data_offsets": [8, 8]},
      "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}}   )";
  const std::string text = safetensors_text(header, std::string("\0\0\x80\x3f\x80\x3f\x00\x40", 8));
  const std::vector<WeightTensor> tensors = parse(text);
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].format, &f32);
  EXPECT_EQ(tensors[0].element_count(), 1);
  EXPECT_EQ(tensors[1].name, "b");
  EXPECT_EQ(tensors[1].format, &bf16);
  EXPECT_EQ(tensors[1].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(tensors[1].source_name, "b");
  EXPECT_EQ(tensors[1].file, kFile);
  float value = 0;
  tensors[0].decode_row(0, &value);
  EXPECT_EQ(value, 1.0f);
  tensors[1].decode_row(1, &value);
  EXPECT_EQ(value, 2.0f);
  EXPECT_EQ(tensors[2].element_count(), 0);
}

TEST(SafetensorsFileTest, reads_tensors_at_odd_addresses) {
  const std::string header = R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
      "b": {"dtype": "F32", "shape": [1], "data_offsets": [1, 5]}})";
  const std::string text = safetensors_text(header, std::string("\x07\0\0\x80\x3f", 5));
  float value = 0;
  const std::vector<WeightTensor> tensors = parse(text);
  tensors[1].decode_row(0, &value);
  EXPECT_EQ(value, 1.0f);
  EXPECT_TRUE(parse(safetensors_text("{}", "")).empty());
}

TEST(SafetensorsFileTest, refuses_every_truncation) {
  const std::string text =
      safetensors_text(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", std::string(8, '\1'));
  ASSERT_EQ(parse(text).size(), 1u);
  for (size_t size = 0; size < text.size(); ++size) {
    const std::string part = text.substr(0, size);
    EXPECT_THROW(parse(part), Error) << size;
  }
}

TEST(SafetensorsFileTest, refuses_bad_headers) {
  const auto of_length = [](uint64_t length, std::string_view rest) {
    std::string text(8, '\0');
    std::memcpy(text.data(), &length, 8);
    return text + std::string(rest);
  };
  expect_bad("", "truncated at byte 0");
  expect_bad(of_length(100'000'001, "{}"), "expected at most 100000000");
  expect_bad(of_length(UINT64_MAX, "{}"), "expected at most 100000000");
  expect_bad(of_length(3, "{}"), "more than the 2 bytes left");
  expect_bad(of_length(0, "{}"), "does not begin with '{'");
  expect_bad(safetensors_text(" {}", ""), "does not begin with '{'");
  expect_bad(safetensors_text("{", ""), "not valid JSON");
  expect_bad(safetensors_text(R"({"a": [[[[[[[[[[[[1]]]]]]]]]]]]})", ""), "not valid JSON");
}

TEST(SafetensorsFileTest, refuses_bad_entries) {
  expect_bad_entry("7", "tensor 'a' is not an object");
  expect_bad_entry(R"({"shape": [2], "data_offsets": [0, 8]})", "has no dtype");
  expect_bad_entry(R"({"dtype": 5, "shape": [2], "data_offsets": [0, 8]})", "has no dtype");
  expect_bad_entry(R"({"dtype": "F32", "data_offsets": [0, 8]})", "has no array 'shape'");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2]})", "has no array 'data_offsets'");
  expect_bad_entry(R"({"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]})", "'shape' with an entry that is not");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2.5], "data_offsets": [0, 8]})", "'shape' with an entry that is not");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0, 18446744073709551615]})", "not a count");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [0]})", "expected [begin, end]");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [8, 0]})", "expected [begin, end]");
  expect_bad_entry(R"({"dtype": "F32", "shape": [2], "data_offsets": [4, 12]})", "ends at byte 12 of the data");
  expect_bad_entry(R"({"dtype": "F32", "shape": [3], "data_offsets": [0, 8]})", "takes 12 bytes as f32");
  expect_bad_entry(R"({"dtype": "F16", "shape": [2], "data_offsets": [0, 8]})", "takes 4 bytes as f16");
  expect_bad_entry(R"({"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]})", "more elements");
  expect_bad_entry(R"({"dtype": "F32", "shape": [1,1,1,1,1,1,1,1,1], "data_offsets": [0, 4]})", "has 9 dimensions", 4);
  expect_bad(safetensors_text(R"({"a": {"dtype": "F8_E5M2", "shape": [8], "data_offsets": [0, 8]}})", "12345678"),
             "has dtype 'F8_E5M2', which is not supported", ErrorCode::unsupported);
}

TEST(SafetensorsFileTest, refuses_overlap_holes_and_duplicates) {
  const auto two = [](const char* first, const char* second, const char* name) {
    return safetensors_text(fmt::format(R"({{"a": {{"dtype": "U8", "shape": [4], "data_offsets": {}}},
        "{}": {{"dtype": "U8", "shape": [4], "data_offsets": {}}}}})",
                                        first, name, second),
                            std::string(9, '\0'));
  };
  expect_bad(two("[0, 4]", "[3, 7]", "b"), "'b' begins at byte 3 of the data, inside 'a'");
  expect_bad(two("[0, 4]", "[5, 9]", "b"), "bytes 4 to 5 of the data belong to no tensor");
  expect_bad(two("[1, 5]", "[5, 9]", "b"), "bytes 0 to 1 of the data belong to no tensor");
  expect_bad(two("[0, 4]", "[4, 8]", "b"), "bytes 8 to 9 of the data belong to no tensor");
  expect_bad(two("[0, 4]", "[4, 8]", "a"), "tensor 'a' appears twice");
}

}  // namespace
}  // namespace estoc
