#include "hub/web_url.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

TEST(WebUrl, PartsAreFound) {
  const auto url = parse_web_url("HTTPS://Huggingface.CO/org/name?x=1#here");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->is_https);
  EXPECT_EQ(url->host, "huggingface.co");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/org/name?x=1");
  EXPECT_EQ(url->path(), "/org/name");
  EXPECT_EQ(url->text(), "https://huggingface.co/org/name?x=1");
  EXPECT_EQ(parse_web_url("http://127.0.0.1:8000")->text(), "http://127.0.0.1:8000/");
  EXPECT_EQ(parse_web_url("http://[::1]:80/a")->origin(), "http://[::1]");
  EXPECT_EQ(parse_web_url("https://h?q")->target, "/?q");
  EXPECT_EQ(parse_web_url("https://h/v2")->below("/x").text(), "https://h/v2/x");
}

TEST(WebUrl, OthersAreRefused) {
  for (const char* text : {"",
                           "https",
                           "http:",
                           "x",
                           "ftp://h/",
                           "file:///etc/passwd",
                           "https://",
                           "https:///a",
                           "https://u@h/",
                           "https://u:p@h/",
                           "https://h:0/",
                           "https://h:99999/",
                           "https://h:/",
                           "https://h:1x/",
                           "https://h /",
                           "https://h/a b",
                           "https://h/\n",
                           "https://h/\xc3\xbc",
                           "https://h\\a",
                           "https://-h/",
                           "https://[::1/",
                           "https://[x]/",
                           "//h/",
                           "https:/h"}) {
    EXPECT_FALSE(parse_web_url(text)) << text;
  }
  EXPECT_FALSE(parse_web_url("https://h/" + std::string(9000, 'a')));
}

TEST(WebUrl, ThisMachineIsKnown) {
  for (const char* text :
       {"http://localhost", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:5", "http://a.localhost"}) {
    EXPECT_TRUE(parse_web_url(text)->is_loopback()) << text;
  }
  for (const char* text : {"http://127.0.0.1.example.org", "http://localhost.org", "http://10.0.0.1", "http://[::2]"}) {
    EXPECT_FALSE(parse_web_url(text)->is_loopback()) << text;
  }
}

TEST(WebUrl, PercentSigns) {
  EXPECT_EQ(percent_encoded("a/b c\xc3\xbc~"), "a%2Fb%20c%C3%BC~");
  EXPECT_EQ(percent_encoded("a/b?c", true), "a/b%3Fc");
  EXPECT_EQ(percent_decoded("a%2Fb%20"), "a/b ");
  EXPECT_FALSE(percent_decoded("a%2"));
  EXPECT_FALSE(percent_decoded("a%zz"));
}

}  // namespace
}  // namespace estoc
