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

TEST(CacheSaltTest, KeysAreKeptApartAndSaltsWithinThem) {
  const std::string one = client_name("Bearer one", ""), two = client_name("Bearer two", "");
  EXPECT_EQ(cache_salt("", ""), "");
  EXPECT_EQ(cache_salt(client_name("", "ann"), ""), "");  // a user is only a name
  EXPECT_NE(cache_salt(one, ""), cache_salt(two, ""));
  EXPECT_EQ(cache_salt(one, ""), cache_salt(client_name("Bearer one", "ann"), ""));
  EXPECT_NE(cache_salt(one, "a"), cache_salt(one, "b"));
  EXPECT_NE(cache_salt(one, "a"), cache_salt(two, "a"));
  EXPECT_NE(cache_salt("", one), cache_salt(one, ""));  // nobody gets at a key's cache by guessing its salt
  EXPECT_NE(cache_salt("", one + "/a"), cache_salt(one, "a"));
}

}  // namespace
}  // namespace estoc::api
