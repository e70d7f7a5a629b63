// A model by name, as it is typed: which hub, which repository, and what of it (docs/HUB.md has the rules).
//
//   org/name   org/name@revision   org/name:Q4_K_M        Hugging Face; also after hf.co/, and whole addresses
//   org/name/folder/file.gguf                             one file there
//   modelscope:org/name                                   ModelScope, with the same endings
//   name:tag   ollama:name   ollama:user/name:tag         a registry of Ollama
//   https://example.org/model.gguf                        one file
//   name                                                  something that is on this machine already
//
// Values. Threads: pure functions. Errors: Error{invalid_argument} with one sentence.
#pragma once

#include <string>
#include <string_view>

namespace estoc {

// What a name in Ollama's registry means: registry.ollama.ai/library/llama3.2:latest.
struct OllamaName {
  bool is_https = true;  // http:// has to be said
  std::string host = "registry.ollama.ai";
  std::string user = "library";
  std::string model;
  std::string tag = "latest";

  // The shortest text that means it: "llama3.2:latest", "user/model:1b", "host/user/model:tag".
  std::string text() const;
  bool operator==(const OllamaName&) const = default;
};

struct ModelRef {
  enum class Source {
    hugging_face,
    modelscope,
    ollama,
    url,    // one file anywhere
    local,  // a bare name: nothing to download
  };
  Source source = Source::hugging_face;
  std::string repo;      // "org/name"
  std::string revision;  // empty: the repository's main one
  std::string quant;     // empty: what the repository offers decides
  std::string file;      // of the repository, instead of quant; empty: what a model consists of
  OllamaName ollama;
  std::string url;
  std::string text;  // the reference in its shortest form: what the model is called
};

// `endpoint` is the address of the hub in use, whose web pages also count as Hugging Face's.
ModelRef parse_model_ref(std::string_view text, std::string_view endpoint);

// Whether the text means a place in the file system and nothing else: it begins like a path or ends like a model file.
bool looks_like_path(std::string_view text);

// "ollama:" less its prefix. Nothing is assumed about who wrote it.
OllamaName parse_ollama_name(std::string_view text);

}  // namespace estoc
