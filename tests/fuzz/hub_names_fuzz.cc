// Any text as a model's name, as a web address, as a manifest and as a hub's list: read or refused with an Error; what
// was read means the same when it is read again, and names nothing outside its folder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "hub/file_choice.h"
#include "hub/hf_repository.h"
#include "hub/model_ref.h"
#include "hub/modelscope.h"
#include "hub/ollama.h"
#include "hub/safe_names.h"
#include "hub/web_url.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Read>
void refusing(Read&& read) {
  try {
    read();
  } catch (const estoc::Error&) {
  }
}

void read_name(std::string_view text) {
  const estoc::ModelRef ref = estoc::parse_model_ref(text, "https://huggingface.co");
  require(ref.repo.empty() || estoc::is_repo_id(ref.repo));
  require(ref.file.empty() || estoc::is_safe_path(ref.file));
  if (ref.source == estoc::ModelRef::Source::local) return;
  const estoc::ModelRef again = estoc::parse_model_ref(ref.text, "https://huggingface.co");
  require(again.text == ref.text && again.source == ref.source && again.ollama == ref.ollama &&
          again.revision == ref.revision && again.file == ref.file && again.quant == ref.quant);
}

void check(const estoc::RepoListing& listing) {
  for (const auto& [path, file] : listing.files) require(estoc::is_safe_path(path));
  for (const estoc::GgufSet& set : estoc::gguf_sets(listing.paths())) require(!set.files.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  refusing([&] { read_name(text); });
  if (const auto url = estoc::parse_web_url(text)) require(estoc::parse_web_url(url->text())->text() == url->text());
  refusing([&] {
    for (const estoc::OllamaLayer& layer : estoc::parse_ollama_manifest(text, "m").layers) {
      require(estoc::is_hex(layer.digest.hex, 64));
    }
  });
  refusing([&] {
    estoc::RepoListing listing;
    estoc::read_tree_page(text, "r", listing);
    check(listing);
  });
  refusing([&] { check(estoc::read_modelscope_listing(text, "r")); });
  refusing([&] { estoc::shards_of_index(std::string(text), "i"); });
  estoc::next_page(text);
  estoc::quant_label(text);
  return 0;
}
