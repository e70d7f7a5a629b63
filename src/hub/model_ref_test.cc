#include "hub/model_ref.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

using Source = ModelRef::Source;

ModelRef parse(std::string_view text) { return parse_model_ref(text, "https://huggingface.co"); }

TEST(ModelRef, Repositories) {
  ModelRef ref = parse("org/name");
  EXPECT_EQ(ref.source, Source::hugging_face);
  EXPECT_EQ(ref.repo, "org/name");
  EXPECT_EQ(ref.revision + ref.quant + ref.file, "");
  ref = parse("org/name@refs/pr/1:Q4_K_M");
  EXPECT_EQ(ref.revision, "refs/pr/1");
  EXPECT_EQ(ref.quant, "Q4_K_M");
  EXPECT_EQ(ref.text, "org/name@refs/pr/1:Q4_K_M");
  ref = parse("org/name/folder/x.gguf");
  EXPECT_EQ(ref.file, "folder/x.gguf");
  EXPECT_EQ(ref.text, "org/name/folder/x.gguf");
  ref = parse("org/name@refs%2Fpr%2F1/folder/x.gguf");
  EXPECT_EQ(ref.revision, "refs/pr/1");
  EXPECT_EQ(ref.file, "folder/x.gguf");
  EXPECT_EQ(parse(ref.text).text, ref.text);
  EXPECT_EQ(parse("https://huggingface.co/org/name/blob/v1/x.gguf").text, "org/name@v1/x.gguf");
  ref = parse("modelscope:org/name:Q8_0");
  EXPECT_EQ(ref.source, Source::modelscope);
  EXPECT_EQ(ref.text, "modelscope:org/name:Q8_0");
}

TEST(ModelRef, AddressesOfTheHub) {
  for (const char* text :
       {"hf.co/org/name", "huggingface.co/org/name", "https://huggingface.co/org/name", "https://hf.co/org/name/",
        "http://www.huggingface.co/org/name", "hf:org/name", "hf://org/name",
        "https://huggingface.co/org/name/tree/main", "https://huggingface.co/org/name?library=x"}) {
    EXPECT_EQ(parse(text).text, "org/name") << text;
    EXPECT_EQ(parse(text).source, Source::hugging_face) << text;
  }
  EXPECT_EQ(parse("hf.co/org/name:Q4_0").quant, "Q4_0");
  EXPECT_EQ(parse("https://huggingface.co/org/name/tree/refs%2Fpr%2F1").revision, "refs/pr/1");
  const ModelRef file = parse("https://huggingface.co/org/name/resolve/v1/a/b%20c.gguf?download=true");
  EXPECT_EQ(file.revision, "v1");
  EXPECT_EQ(file.file, "a/b c.gguf");
  EXPECT_EQ(parse_model_ref("http://mirror.local:8080/org/name/blob/main/x.gguf", "http://mirror.local:8080").file,
            "x.gguf");
  // Another port of the mirror's machine is another server.
  EXPECT_EQ(parse_model_ref("http://127.0.0.1:81/x.gguf", "http://127.0.0.1:80").source, Source::url);
}

TEST(ModelRef, AFileAnywhere) {
  const ModelRef ref = parse("https://example.org/a/x.gguf?k=v");
  EXPECT_EQ(ref.source, Source::url);
  EXPECT_EQ(ref.url, "https://example.org/a/x.gguf?k=v");
}

TEST(ModelRef, Ollama) {
  EXPECT_EQ(parse("llama3.2:1b").source, Source::ollama);
  EXPECT_EQ(parse("llama3.2:1b").ollama, (OllamaName{.model = "llama3.2", .tag = "1b"}));
  EXPECT_EQ(parse("ollama:llama3.2").text, "llama3.2:latest");
  EXPECT_EQ(parse("ollama:me/mine").text, "ollama:me/mine:latest");
  EXPECT_EQ(parse("ollama:hf.co/org/name:Q4_0").ollama,
            (OllamaName{.host = "hf.co", .user = "org", .model = "name", .tag = "Q4_0"}));
  const ModelRef own = parse("ollama:http://127.0.0.1:5000/library/x:y");
  EXPECT_FALSE(own.ollama.is_https);
  EXPECT_EQ(own.ollama.host, "127.0.0.1:5000");
  EXPECT_EQ(parse(own.text).ollama, own.ollama);
  EXPECT_EQ(parse(parse("hf:hf.co/name").text).repo, "hf.co/name");
  for (const char* text : {"ollama:hf", "ollama:modelscope", "ollama:ollama"}) {
    EXPECT_EQ(parse(parse(text).text).ollama, parse(text).ollama) << text;
  }
  EXPECT_EQ(parse("plain").source, Source::local);
}

TEST(ModelRef, WhatIsNone) {
  for (const char* text : {"",
                           "org/",
                           "/",
                           "org/name@",
                           "org/name:",
                           "org/name/",
                           "org/na me",
                           "org/name@..",
                           "org/name:Q4/K",
                           "org--x/y",
                           "org/name/../x",
                           "org/name/config.json",
                           "https://huggingface.co/org/name/blob/main/config.json",
                           "hf.co/org",
                           "https://huggingface.co/",
                           "https://huggingface.co/datasets/a/b",
                           "https://huggingface.co/org/name/tree",
                           "https://huggingface.co/org/name/resolve/main",
                           "https://huggingface.co/org/name/resolve/main/%2e%2e/x",
                           "https://huggingface.co/org/name/blob/main/%zz",
                           "http://example.org/x.gguf",
                           "https://example.org/x.bin",
                           "https://example.org/.gguf/",
                           "ftp://a/b.gguf",
                           "https://u:p@example.org/x.gguf",
                           "modelscope:x",
                           "ollama:",
                           "ollama:a/b/c/d",
                           "ollama:../x",
                           "ollama:x:..",
                           "ollama:http://x",
                           "ollama:http://example.org/a/b",
                           "a:b:c",
                           "x:",
                           ":x",
                           "a\nb",
                           "\xff:x"}) {
    EXPECT_THROW(parse(text), Error) << text;
  }
  EXPECT_THROW(parse("a/" + std::string(3000, 'b')), Error);
}

TEST(ModelRef, PathsAreNoNames) {
  for (const char* text : {"/a", "./a", "../a", "~/a", ".", "..", "x.gguf", "dir/x.gguf", "x.safetensors"}) {
    EXPECT_TRUE(looks_like_path(text)) << text;
  }
  for (const char* text : {"org/name", "org/name/x.gguf", "x", "x:y", "https://h/x.gguf", "modelscope:a/b"}) {
    EXPECT_FALSE(looks_like_path(text)) << text;
  }
}

}  // namespace
}  // namespace estoc
