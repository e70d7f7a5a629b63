#include "hub/hub_settings.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/test_directory.h"

namespace estoc {
namespace {

HubSettings read(Variables variables) {
  variables.emplace("HOME", "/home/me");
  return read_hub_settings(variables, "1");
}

TEST(HubSettings, FoldersFollowTheVariables) {
  EXPECT_EQ(read({}).hugging_face_cache, "/home/me/.cache/huggingface/hub");
  EXPECT_EQ(read({{"XDG_CACHE_HOME", "/x"}}).hugging_face_cache, "/x/huggingface/hub");
  EXPECT_EQ(read({{"HF_HOME", "~/h"}}).hugging_face_cache, "/home/me/h/hub");
  EXPECT_EQ(read({{"HF_HOME", "/h"}, {"HF_HUB_CACHE", "/c"}}).hugging_face_cache, "/c");
  EXPECT_EQ(read({{"HUGGINGFACE_HUB_CACHE", "/old"}}).hugging_face_cache, "/old");
  EXPECT_EQ(read({}).modelscope_cache, "/home/me/.cache/modelscope");
  EXPECT_EQ(read({{"MODELSCOPE_CACHE", "/m"}}).modelscope_cache, "/m");
  EXPECT_EQ(read({{"OLLAMA_MODELS", "/o"}}).ollama_folders, std::vector<std::string>{"/o"});
  EXPECT_EQ(read({{"LLAMA_CACHE", "/l"}}).llama_cpp_folders, std::vector<std::string>{"/l"});
}

TEST(HubSettings, Endpoints) {
  EXPECT_EQ(read({}).hugging_face.text(), "https://huggingface.co");
  EXPECT_EQ(read({{"HF_ENDPOINT", "https://mirror/hf/"}}).hugging_face.below("/x").text(), "https://mirror/hf/x");
  EXPECT_EQ(read({{"MODELSCOPE_DOMAIN", "www.modelscope.ai"}}).modelscope.text(), "https://www.modelscope.ai");
  for (const char* text : {"mirror", "ftp://x", "https://u:p@x", "https://x/?a"}) {
    EXPECT_THROW(read({{"HF_ENDPOINT", text}}), Error) << text;
  }
}

TEST(HubSettings, Tokens) {
  const TemporaryDirectory home;
  home.write("token", " hf_file\n");
  EXPECT_EQ(read({}).hugging_face_token, "");
  EXPECT_EQ(read({{"HF_HOME", home.path()}}).hugging_face_token, "hf_file");
  EXPECT_EQ(read({{"HF_HOME", home.path()}, {"HF_TOKEN", "hf_own"}}).hugging_face_token, "hf_own");
  EXPECT_EQ(read({{"HF_TOKEN_PATH", home.path() + "/token"}}).hugging_face_token, "hf_file");
  EXPECT_EQ(read({{"HF_TOKEN", "x"}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}}).hugging_face_token, "");
  for (const char* token : {"a b", "a\nb", "a\x80"}) EXPECT_THROW(read({{"HF_TOKEN", token}}), Error) << token;
  EXPECT_THROW(read({{"HF_TOKEN", std::string(5000, 'a')}}), Error);
}

TEST(HubSettings, Switches) {
  EXPECT_FALSE(read({{"HF_HUB_OFFLINE", "0"}}).is_offline);
  EXPECT_TRUE(read({{"HF_HUB_OFFLINE", "yes"}}).is_offline);
  EXPECT_TRUE(read({{"TRANSFORMERS_OFFLINE", "1"}}).is_offline);
  EXPECT_FALSE(read({{"HF_HUB_DISABLE_SYMLINKS", "ON"}}).has_links);
  EXPECT_EQ(read({{"HF_HUB_DOWNLOAD_TIMEOUT", "3"}}).web.stall.count(), 3000);
  EXPECT_THROW(read({{"HF_HUB_DOWNLOAD_TIMEOUT", "0"}}), Error);
  EXPECT_THROW(read({{"HF_HUB_DOWNLOAD_TIMEOUT", "3s"}}), Error);
}

TEST(HubSettings, ATokenIsForItsHubOnly) {
  std::string told;
  const auto note = [&](const std::string& text) { told = text; };
  EXPECT_EQ(bearer_of(*parse_web_url("https://h"), "t", note).origin, "https://h");
  EXPECT_EQ(bearer_of(*parse_web_url("http://127.0.0.1:8"), "t", note).headers.size(), 1u);
  EXPECT_EQ(told, "");
  EXPECT_TRUE(bearer_of(*parse_web_url("http://h"), "secret", note).headers.empty());
  EXPECT_NE(told, "");
  EXPECT_EQ(told.find("secret"), std::string::npos);
  EXPECT_TRUE(bearer_of(*parse_web_url("https://h"), "", note).headers.empty());
}

}  // namespace
}  // namespace estoc
