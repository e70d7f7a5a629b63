#include <gtest/gtest.h>

#include "base/error.h"
#include "base/test_directory.h"
#include "load/phrases.h"
#include "load/trace_file.h"
#include "load/workload.h"

namespace estoc {
namespace {

constexpr std::string_view kCsv =
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
    "2023-11-16 23:59:59.9799600,30,10\r\n"
    "2023-11-17 00:00:01.0000000,20,8\r\n"
    "2023-11-17 00:00:00.4799600,7,0";
constexpr std::string_view kJsonLines =
    R"({"timestamp": 500, "input_length": 1030, "output_length": 5, "hash_ids": [0, 1, 2]})"
    "\n"
    R"({"timestamp": 1500, "input_length": 600, "output_length": 6, "hash_ids": [0, 3]})"
    "\n"
    R"({"timestamp": 1500, "input_length": 1024, "output_length": 7, "hash_ids": [0, 1]})"
    "\n";

// A file that is gone when the test ends.
class TraceOnDisk {
 public:
  explicit TraceOnDisk(std::string_view text) : path_(directory_.write("trace", text)) {}
  const std::string& path() const { return path_; }

 private:
  const TemporaryDirectory directory_;
  const std::string path_;
};

std::string complaint(std::string_view text) {
  try {
    parse_trace(text, "t.file");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::corrupt_file);
    return error.what();
  }
  return "";
}

TEST(TraceFile, ReadsAzureInOrderOfTime) {
  const auto requests = parse_trace(kCsv, "t.csv");
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].at_s, 0);
  EXPECT_NEAR(requests[1].at_s, 0.5, 1e-5);
  EXPECT_NEAR(requests[2].at_s, 1.02004, 1e-5);
  EXPECT_EQ(requests[0].input_tokens, 30);
  EXPECT_EQ(requests[0].output_tokens, 10);
  EXPECT_EQ(requests[1].input_tokens, 7);
  EXPECT_EQ(requests[2].output_tokens, 8);
  EXPECT_TRUE(requests[0].blocks.empty());
}

TEST(TraceFile, ReadsTimesWithAZone) {
  const auto requests = parse_trace(
      "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,1,2\n2024-05-10T00:01:00Z,3,4\n", "t");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_NEAR(requests[1].at_s, 59.99007, 1e-5);
}

TEST(TraceFile, ReadsMooncake) {
  const auto requests = parse_trace(kJsonLines, "t.jsonl");
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].at_s, 0);
  EXPECT_EQ(requests[2].at_s, 1);
  EXPECT_EQ(requests[0].blocks, (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(requests[1].input_tokens, 600);
  EXPECT_EQ(requests[2].output_tokens, 7);
}

TEST(TraceFile, ErrorsNameTheLine) {
  const std::string header = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
  const std::string tokens = " is no number of tokens; expected 0 .. 10000000";
  EXPECT_EQ(complaint(""), "t.file: holds no request; expected at least one line");
  EXPECT_EQ(complaint(header), "t.file: holds no request; expected at least one line");
  EXPECT_EQ(complaint("time,tokens\n"),
            "t.file:1: is no trace; expected the line TIMESTAMP,ContextTokens,GeneratedTokens or a JSON object");
  EXPECT_EQ(complaint(header + "2023-11-16 18:17:03,5\n"),
            "t.file:2: expected 3 fields, TIMESTAMP,ContextTokens,GeneratedTokens");
  EXPECT_EQ(complaint(header + "2023-11-16 18:17:03,5,6,7\n"),
            "t.file:2: expected 3 fields, TIMESTAMP,ContextTokens,GeneratedTokens");
  for (const char* time : {"yesterday", "2023-13-16 18:17:03", "2023-02-30 18:17:03", "2023-11-16 24:00:00",
                           "2023-11-16 18:17:03.", "2023-11-16 18:17:03.1x", "2023-11-16 18:17:03+02:00"}) {
    EXPECT_EQ(complaint(header + "2023-11-16 18:17:03,1,1\n\n" + time + ",5,6\n"),
              "t.file:4: TIMESTAMP is no time; expected the form 2023-11-16 18:17:03.9799600");
  }
  EXPECT_EQ(complaint(header + "2023-11-16 18:17:03,-5,6\n"), "t.file:2: ContextTokens" + tokens);
  EXPECT_EQ(complaint(header + "2023-11-16 18:17:03,5,99999999999999999999\n"), "t.file:2: GeneratedTokens" + tokens);
}

TEST(TraceFile, ErrorsOfJsonNameTheLine) {
  const std::string good = R"({"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [4]})"
                           "\n";
  EXPECT_TRUE(complaint(good + "{]\n").starts_with("t.file:2: ")) << complaint(good + "{]\n");
  EXPECT_EQ(complaint(good + good + R"({"timestamp": 0, "input_length": 1, "hash_ids": [4]})"),
            "t.file:3: lacks output_length; expected timestamp, input_length, output_length and hash_ids");
  EXPECT_EQ(complaint(good + R"({"timestamp": 0, "input_length": 513, "output_length": 1, "hash_ids": [4]})"),
            "t.file:2: 1 hash_ids for 513 tokens; expected 2, one for 512 tokens");
  EXPECT_EQ(complaint(R"({"timestamp": 0, "input_length": "1", "output_length": 1, "hash_ids": [4]})"),
            "t.file:1: expected an integer, got string");
  EXPECT_EQ(complaint(R"({"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [-4]})"),
            "t.file:1: expected a non-negative integer, got -4");
  EXPECT_TRUE(complaint(R"({"timestamp": -1, "input_length": 1, "output_length": 1, "hash_ids": [4]})")
                  .starts_with("t.file:1: timestamp -1"));
}

TEST(TraceWorkload, EqualIdsGiveEqualText) {
  const TraceOnDisk file(kJsonLines);
  const auto workload = make_workload({.name = "trace", .trace_file = file.path()});
  const Conversation first = workload->next(), second = workload->next(), third = workload->next();
  const auto text = [](const Conversation& one) { return one.turns.at(0).text; };
  EXPECT_EQ(count_words(text(first)), 1030);
  EXPECT_EQ(count_words(text(second)), 600);
  EXPECT_EQ(count_words(text(third)), 1024);
  EXPECT_TRUE(text(first).starts_with(text(third) + " "));
  size_t shared = 0;
  while (text(first)[shared] == text(second)[shared]) ++shared;
  EXPECT_NEAR(count_words(text(first).substr(0, shared)), 512, 3);  // a word or two may agree by chance
  EXPECT_EQ(first.turns[0].output_tokens, 5);
  EXPECT_EQ(first.category, "trace");
}

TEST(TraceWorkload, BeginsAgainWithNewTextAndLaterTimes) {
  const TraceOnDisk file(kJsonLines);
  const auto workload = make_workload({.name = "trace", .trace_file = file.path()});
  std::vector<Conversation> all;
  for (int i = 0; i < 7; ++i) all.push_back(workload->next());
  const std::vector<double> expected = {0, 1, 1, 1.5, 2.5, 2.5, 3};  // a round is 1 s and the mean pause of 0.5 s
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(all[i].at_s.value(), expected[i], 1e-9);
  EXPECT_NE(all[0].turns[0].text, all[3].turns[0].text);
  EXPECT_EQ(count_words(all[3].turns[0].text), 1030);
}

TEST(TraceWorkload, LengthsCanBeLimited) {
  const TraceOnDisk file(kCsv);
  const auto workload =
      make_workload({.name = "trace", .input_tokens = 10, .output_tokens = 9, .trace_file = file.path()});
  const std::vector<std::pair<int, int>> expected = {{10, 9}, {7, 1}, {10, 8}};  // no request asks for nothing
  for (const auto& [input, output] : expected) {
    const Conversation one = workload->next();
    EXPECT_EQ(count_words(one.turns.at(0).text), input);
    EXPECT_EQ(one.turns[0].output_tokens, output);
  }
}

TEST(TraceWorkload, AbsentFile) {
  try {
    make_workload({.name = "trace", .trace_file = "/nowhere/trace.csv"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_NE(std::string(error.what()).find("/nowhere/trace.csv"), std::string::npos);
  }
}

}  // namespace
}  // namespace estoc
