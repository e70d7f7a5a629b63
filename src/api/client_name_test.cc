#include "api/client_name.h"

#include <gtest/gtest.h>

namespace estoc::api {
namespace {

TEST(ClientNameTest, TheKeyWinsOverTheUser) {
  const std::string key = client_name("Bearer secret", "");
  EXPECT_TRUE(key.starts_with("key:")) << key;
  EXPECT_EQ(key.find("secret"), std::string::npos);
  EXPECT_EQ(client_name("Bearer secret", "ann"), key);
  EXPECT_NE(client_name("Bearer other", ""), key);
}

TEST(ClientNameTest, SpacesAndTheSchemeDoNotMatter) {
  EXPECT_EQ(client_name("bearer   secret ", ""), client_name("Bearer secret", ""));
  EXPECT_EQ(client_name("secret", ""), client_name("Bearer secret", ""));
}

TEST(ClientNameTest, WithoutAKeyTheUserCounts) {
  EXPECT_EQ(client_name("", "ann"), "user:ann");
  EXPECT_EQ(client_name("  ", "key:x"), "user:key:x");  // nobody can name himself after a key
  EXPECT_EQ(client_name("", ""), "");
}

}  // namespace
}  // namespace estoc::api
