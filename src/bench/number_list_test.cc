#include "bench/number_list.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace estoc {
namespace {

using List = std::vector<int>;

TEST(NumberList, Reads) {
  EXPECT_EQ(parse_number_list("-p", "512", 0, 4096), List({512}));
  EXPECT_EQ(parse_number_list("-d", "0,4096,16", 0, 4096), List({0, 4096, 16}));
  EXPECT_EQ(parse_number_list("-b", "8,1,8", 1, 64), List({8, 1})) << "the same test twice says nothing new";
}

TEST(NumberList, RefusesInOneSentence) {
  for (const char* text : {"", ",", "1,", ",1", "1,,2", "x", "1x", "1 ,2", " 1", "-1", "65", "99999999999", "1.5"}) {
    try {
      parse_number_list("-b", text, 1, 64);
      FAIL() << text;
    } catch (const Error& error) {
      const std::string sentence = error.what();
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      EXPECT_NE(sentence.find("-b: '" + std::string(text) + "'"), std::string::npos) << sentence;
      EXPECT_NE(sentence.find("1 .. 64"), std::string::npos) << sentence;
    }
  }
}

}  // namespace
}  // namespace estoc
