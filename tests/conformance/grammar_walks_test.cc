// Random walks over masks of a real vocabulary: 10,000 for each keyword of the official JSON Schema test suite, over
// all of its schemas that compile, and for each of some written grammars. ESTOC_WALKS says how many others.
#include <fmt/format.h>

#include <cstdlib>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "conformance/test_shared_data.h"
#include "conformance/test_token_walk.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"

namespace estoc {
namespace {

using grammar::TokenGrammar;

constexpr size_t kTokensMax = 24;  // at random, before the shortest end

size_t walk_count() {
  const char* count = std::getenv("ESTOC_WALKS");
  return count != nullptr ? std::stoul(count) : 10000;
}

std::set<std::filesystem::path> files_of(const std::string& folder, const std::string& extension) {
  std::set<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == extension) out.insert(entry.path());
  }
  return out;
}

// Numbers may be larger than what a double holds, which is all that our reader takes.
void expect_json(const std::string& text) {
  try {
    parse_json(text, 1000);
  } catch (const Error& error) {
    if (std::string_view(error.what()).find("number") == std::string_view::npos) ADD_FAILURE() << error.what() << text;
  }
}

// All grammars of one kind in turn.
void walk_all(const std::string& name, const std::vector<std::shared_ptr<TokenGrammar>>& grammars,
              const RankVocabulary& words, bool is_json) {
  TokenWalk walk(words, 5);
  for (size_t i = 0; i < walk_count() && !::testing::Test::HasFailure(); ++i) {
    const std::string text = walk.walk(grammars[i % grammars.size()], 1 + walk.random() % kTokensMax);
    if (is_json) expect_json(text);
  }
  fmt::print("{}, {} grammars\n  masks: {}\n  taking tokens: {}\n  shortest ends: {}\n", name, grammars.size(),
             walk.masks.text(), walk.accepts.text(), walk.completions.text());
}

TEST(GrammarWalks, JsonSchemas) {
  const std::string folder = shared_path("json_schema/test_suite/draft2020-12");
  ESTOC_SKIP_WITHOUT(folder);
  const std::string ranks = shared_path("tokenizers/ranks/o200k_base.tiktoken");
  ESTOC_SKIP_WITHOUT(ranks);
  const RankVocabulary words(ranks, 150000);
  for (const auto& file : files_of(folder, ".json")) {
    SCOPED_TRACE(file.string());
    std::vector<std::shared_ptr<TokenGrammar>> grammars;
    const Json groups = parse_json(read_file(file.string()));
    for (const Json& group : groups.as_array()) {
      try {
        grammars.push_back(std::make_shared<TokenGrammar>(
            grammar::compile_json_schema(*group.find("schema"), {.any_property_order = grammars.size() % 2 == 0}),
            words.vocabulary));
      } catch (const Error&) {  // json_schema_suite_test.cc counts them
      }
    }
    if (!grammars.empty()) walk_all(file.stem().string(), grammars, words, true);
  }
}

TEST(GrammarWalks, WrittenGrammars) {
  const std::string folder = shared_path("json_schema/gbnf");
  ESTOC_SKIP_WITHOUT(folder);
  const std::string ranks = shared_path("tokenizers/ranks/o200k_base.tiktoken");
  ESTOC_SKIP_WITHOUT(ranks);
  const RankVocabulary words(ranks, 150000);
  for (const auto& file : files_of(folder, ".gbnf")) {
    SCOPED_TRACE(file.string());
    const auto grammar =
        std::make_shared<TokenGrammar>(grammar::compile_gbnf(read_file(file.string())), words.vocabulary);
    walk_all(file.filename().string(), {grammar}, words, false);
  }
}

}  // namespace
}  // namespace estoc
