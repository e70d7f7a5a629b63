// The official JSON Schema test suite: every instance byte by byte and through the masks of a real vocabulary.
//
// Nothing may be accepted that is invalid, nothing rejected that is valid, unless the schema was refused. Prints a
// table by keyword (kept in docs/GRAMMAR.md) and CPU times; the least numbers of tests handled are asserted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "conformance/test_cpu_times.h"
#include "conformance/test_shared_data.h"
#include "conformance/test_tiktoken_ranks.h"
#include "grammar/chart.h"
#include "grammar/json_schema.h"
#include "grammar/token_matcher.h"

namespace estoc {
namespace {

using grammar::Grammar;
using grammar::TokenGrammar;
using grammar::TokenMatcher;

// JSON as grammars write it: the shortest escapes, no blanks.
std::string written(const Json& value) {
  if (value.is_string()) return grammar::json_string(value.as_string());
  std::string out;
  if (value.is_array()) {
    for (const Json& item : value.as_array()) out += (out.empty() ? "[" : ",") + written(item);
    return out.empty() ? "[]" : out + "]";
  }
  // 1.0 is the integer 1.
  if (value.is_number() && !value.is_int() && value.as_double() == std::floor(value.as_double()) &&
      std::abs(value.as_double()) < 1e15) {
    return to_json(Json(value.as_int()));
  }
  if (!value.is_object()) return to_json(value);
  for (const auto& [name, member] : value.as_object()) {
    out += (out.empty() ? "{" : ",") + grammar::json_string(name) + ":" + written(member);
  }
  return out.empty() ? "{}" : out + "}";
}

struct Score {
  int right = 0, accepted = 0, rejected = 0, refused = 0;
  int tests() const { return right + accepted + rejected + refused; }
  void add(const Score& one) {
    right += one.right;
    accepted += one.accepted;
    rejected += one.rejected;
    refused += one.refused;
  }
};

bool takes(Grammar& grammar, std::string_view text) {
  grammar::Chart chart(grammar.automaton);
  chart.start(grammar.start);
  return chart.push(text) && chart.ends_outside();
}

// The instance in the longest tokens there are for it; what masks and the matcher say about each has to agree.
bool takes_tokens(const std::shared_ptr<TokenGrammar>& grammar, const RankVocabulary& words, std::string_view text,
                  CpuTimes& times) {
  TokenMatcher matcher(grammar, {words.end});
  TokenMask mask;
  while (true) {
    mask.reset(words.texts.size());
    times.measure([&] { matcher.restrict(mask, {}); });
    if (text.empty()) {
      EXPECT_EQ(mask.allows(words.end), matcher.may_end());
      return mask.allows(words.end);
    }
    const TokenId token = words.longest(text);
    const bool is_allowed = mask.allows(token);
    const bool is_taken = matcher.accept(token);
    EXPECT_EQ(is_allowed, is_taken) << words.texts[static_cast<size_t>(token)];
    if (!is_taken) return false;
    text.remove_prefix(words.texts[static_cast<size_t>(token)].size());
  }
}

struct Suite {
  std::string name;
  bool asserts_formats = false;
  const RankVocabulary* words = nullptr;  // for masks
  std::map<std::string, Score> by_file;
  CpuTimes compile, masks;
};

void run_file(const std::filesystem::path& path, Suite& suite) {
  const RankVocabulary* words = suite.words;
  Score& score = suite.by_file[path.stem().string()];
  const bool shows = std::getenv("ESTOC_SHOW") != nullptr;
  const Json groups = parse_json(read_file(path.string()));
  for (const Json& group : groups.as_array()) {
    Json schema = *group.find("schema");
    const bool is_draft7 = path.string().find("draft7") != std::string::npos;
    if (is_draft7 && schema.is_object() && !schema.find("$schema")) {
      schema.set("$schema", "http://json-schema.org/draft-07/schema#");
    }
    const auto& tests = group.find("tests")->as_array();
    std::unique_ptr<Grammar> compiled;
    bool is_unsatisfiable = false;
    try {
      compiled = suite.compile.measure([&] {
        return grammar::compile_json_schema(schema,
                                            {.any_property_order = true, .asserts_formats = suite.asserts_formats});
      });
    } catch (const Error& error) {
      is_unsatisfiable = std::string(error.what()) == "no value at all satisfies the schema";
      if (!is_unsatisfiable) {
        score.refused += static_cast<int>(tests.size());
        if (shows) fmt::print("{}: {}\n  {}\n", path.stem().string(), error.what(), to_json(schema));
      }
    }
    if (is_unsatisfiable) {  // every instance is rejected, and that is said at once
      for (const Json& test : tests) {
        const bool valid = test.find("valid")->as_bool();
        ++(valid ? score.rejected : score.right);
        if (valid) fmt::print("rejected {}: {}\n", path.stem().string(), to_json(schema));
      }
    }
    if (!compiled) continue;
    std::shared_ptr<TokenGrammar> grammar;
    if (words) grammar = std::make_shared<TokenGrammar>(std::move(compiled), words->vocabulary);
    Grammar& bytes = words ? grammar->grammar() : *compiled;
    for (const Json& test : tests) {
      const std::string text = written(*test.find("data"));
      const bool valid = test.find("valid")->as_bool();
      const bool taken = takes(bytes, text);
      if (words) {
        EXPECT_EQ(takes_tokens(grammar, *words, text, suite.masks), taken) << text << " under " << to_json(schema);
      }
      ++(taken == valid ? score.right : taken ? score.accepted : score.rejected);
      if (taken != valid) {
        fmt::print("{} {}: {}\n  under {}\n", taken ? "accepted" : "rejected", path.stem().string(), text,
                   to_json(schema));
      }
    }
  }
}

// The table, and all of it together.
Score print(const Suite& suite) {
  Score all;
  fmt::print("\n{}\n| keyword | tests | right | wrongly accepted | wrongly rejected | refused |\n", suite.name);
  fmt::print("|---|---|---|---|---|---|\n");
  const auto row = [](const std::string& what, const Score& one) {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", what, one.tests(), one.right, one.accepted, one.rejected,
               one.refused);
  };
  for (const auto& [file, one] : suite.by_file) {
    row(file, one);
    all.add(one);
  }
  row("all", all);
  fmt::print("compile: {}\nmasks: {}\n", suite.compile.text(), suite.masks.text());
  return all;
}

Score run_folder(const std::string& folder, Suite suite) {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.insert(entry.path());
  }
  for (const auto& file : files) run_file(file, suite);
  return print(suite);
}

TEST(JsonSchemaSuite, Draft2020) {
  const std::string folder = shared_path("json_schema/test_suite/draft2020-12");
  ESTOC_SKIP_WITHOUT(folder);
  const std::string ranks = shared_path("tokenizers/ranks/o200k_base.tiktoken");
  ESTOC_SKIP_WITHOUT(ranks);
  const RankVocabulary words(ranks, 150000);
  const Score all = run_folder(folder, {.name = "draft 2020-12", .words = &words});
  EXPECT_EQ(all.accepted, 0);
  EXPECT_EQ(all.rejected, 0);
  EXPECT_GE(all.right, 1212);
}

TEST(JsonSchemaSuite, Draft7) {
  const std::string folder = shared_path("json_schema/test_suite/draft7");
  ESTOC_SKIP_WITHOUT(folder);
  const Score all = run_folder(folder, {.name = "draft 7"});
  EXPECT_EQ(all.accepted, 0);
  EXPECT_EQ(all.rejected, 0);
  EXPECT_GE(all.right, 700);
}

TEST(JsonSchemaSuite, Formats) {
  const std::string folder = shared_path("json_schema/test_suite/draft2020-12/optional/format");
  ESTOC_SKIP_WITHOUT(folder);
  EXPECT_EQ(run_folder(folder, {.name = "formats", .asserts_formats = true}).accepted, 0);
}

}  // namespace
}  // namespace estoc
