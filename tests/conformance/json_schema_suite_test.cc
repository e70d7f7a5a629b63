// The official JSON Schema test suite: every instance byte by byte and through the masks of a real vocabulary.
//
// Nothing may be accepted that is invalid, nothing rejected that is valid, unless the schema was refused. Prints a
// table by keyword (kept in docs/GRAMMAR.md) and times; the least numbers of tests handled are asserted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "conformance/test_shared_data.h"
#include "conformance/test_tiktoken_ranks.h"
#include "grammar/chart.h"
#include "grammar/gbnf.h"
#include "grammar/json_schema.h"
#include "grammar/token_matcher.h"

namespace estoc {
namespace {

using grammar::Grammar;
using grammar::TokenGrammar;
using grammar::TokenMatcher;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

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

struct Times {
  std::vector<double> seconds;
  double at(double part) {
    if (seconds.empty()) return 0;
    std::sort(seconds.begin(), seconds.end());
    return seconds[std::min(seconds.size() - 1, static_cast<size_t>(part * static_cast<double>(seconds.size())))];
  }
  double mean() const {
    double sum = 0;
    for (const double one : seconds) sum += one;
    return seconds.empty() ? 0 : sum / static_cast<double>(seconds.size());
  }
  std::string text() {
    return fmt::format("{} measured: mean {:.1f} us, median {:.1f}, p99 {:.1f}, most {:.1f}", seconds.size(),
                       mean() * 1e6, at(0.5) * 1e6, at(0.99) * 1e6, at(1) * 1e6);
  }
};

struct Score {
  int right = 0, accepted = 0, rejected = 0, refused = 0;
  int tests() const { return right + accepted + rejected + refused; }
};

bool takes(Grammar& grammar, std::string_view text) {
  grammar::Chart chart(grammar.automaton);
  chart.start(grammar.start);
  return chart.push(text) && chart.ends_outside();
}

// The instance in the longest tokens there are for it; what masks and the matcher say about each has to agree.
bool takes_tokens(const std::shared_ptr<TokenGrammar>& grammar, const RankVocabulary& words, std::string_view text,
                  Times& times) {
  TokenMatcher matcher(grammar, {words.end});
  TokenMask mask;
  while (true) {
    mask.reset(words.texts.size());
    const auto begin = std::chrono::steady_clock::now();
    matcher.restrict(mask, {});
    times.seconds.push_back(seconds_since(begin));
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

// Random tokens, and then what closes, if luck has it: nothing may get stuck on the way.
void walk(const std::shared_ptr<TokenGrammar>& grammar, const RankVocabulary& words, uint64_t seed, Times& times) {
  std::mt19937_64 random(seed);
  TokenMatcher matcher(grammar, {words.end});
  TokenMask mask;
  std::string text;
  for (int count = 0; count < 200; ++count) {
    if (count >= 12 && matcher.may_end()) return;
    mask.reset(words.texts.size());
    const auto begin = std::chrono::steady_clock::now();
    matcher.restrict(mask, {});
    times.seconds.push_back(seconds_since(begin));
    TokenId chosen = -1;
    // Not within a string, where a letter may follow too.
    if (count >= 12 && (!mask.allows(words.longest("z")) || mask.allows(words.longest("\"")))) {
      for (const char* close : {"\"", "}", "]", ","}) {
        const TokenId token = words.longest(close);
        if (mask.allows(token) && random() % 8 != 0) {
          chosen = token;
          break;
        }
      }
    }
    if (chosen < 0) {
      std::vector<TokenId> allowed;
      const auto bits = mask.words();
      for (size_t w = 0; w < bits.size(); ++w) {
        for (uint32_t rest = bits[w]; rest; rest &= rest - 1) {
          const auto token = static_cast<TokenId>(w * 32 + static_cast<size_t>(__builtin_ctz(rest)));
          if (token != words.end) allowed.push_back(token);
        }
      }
      if (allowed.empty()) {
        EXPECT_TRUE(matcher.may_end()) << "stuck behind " << text;
        return;
      }
      chosen = allowed[random() % allowed.size()];
    }
    ASSERT_TRUE(matcher.accept(chosen)) << text << " and " << words.texts[static_cast<size_t>(chosen)];
    text += words.texts[static_cast<size_t>(chosen)];
  }
}

struct Suite {
  std::map<std::string, Score> by_file;
  std::map<std::string, int> reasons;
  Times compile, masks, walks;
};

void run_file(const std::filesystem::path& path, bool asserts_formats, const RankVocabulary* words, Suite& suite) {
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
    const auto begin = std::chrono::steady_clock::now();
    try {
      compiled = grammar::compile_json_schema(schema, {.any_property_order = true, .asserts_formats = asserts_formats});
    } catch (const Error& error) {
      is_unsatisfiable = std::string(error.what()) == "no value at all satisfies the schema";
      if (!is_unsatisfiable) {
        score.refused += static_cast<int>(tests.size());
        suite.reasons[error.what()] += static_cast<int>(tests.size());
        if (shows) fmt::print("{}: {}\n  {}\n", path.stem().string(), error.what(), to_json(schema));
      }
    }
    suite.compile.seconds.push_back(seconds_since(begin));
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
    if (words) walk(grammar, *words, 5, suite.walks);
  }
}

void print(Suite& suite, const char* name) {
  Score all;
  fmt::print("\n{}\n| keyword | tests | right | wrongly accepted | wrongly rejected | refused |\n", name);
  fmt::print("|---|---|---|---|---|---|\n");
  const auto row = [](const std::string& what, const Score& one) {
    fmt::print("| {} | {} | {} | {} | {} | {} |\n", what, one.tests(), one.right, one.accepted, one.rejected,
               one.refused);
  };
  for (const auto& [file, one] : suite.by_file) {
    row(file, one);
    all.right += one.right;
    all.accepted += one.accepted;
    all.rejected += one.rejected;
    all.refused += one.refused;
  }
  row("all", all);
  fmt::print("compile: {}\nmasks: {}\nrandom masks: {}\n", suite.compile.text(), suite.masks.text(),
             suite.walks.text());
}

Score total(const Suite& suite) {
  Score all;
  for (const auto& [file, one] : suite.by_file) {
    all.right += one.right;
    all.accepted += one.accepted;
    all.rejected += one.rejected;
  }
  return all;
}

void run_folder(const std::string& folder, bool asserts_formats, const RankVocabulary* words, Suite& suite) {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.insert(entry.path());
  }
  for (const auto& file : files) run_file(file, asserts_formats, words, suite);
}

TEST(JsonSchemaSuite, Draft2020) {
  const std::string folder = shared_path("json_schema/test_suite/draft2020-12");
  ESTOC_SKIP_WITHOUT(folder);
  const std::string ranks = shared_path("tokenizers/ranks/o200k_base.tiktoken");
  ESTOC_SKIP_WITHOUT(ranks);
  const RankVocabulary words(ranks, 150000);
  Suite suite;
  run_folder(folder, false, &words, suite);
  print(suite, "draft 2020-12");
  EXPECT_EQ(total(suite).accepted, 0);
  EXPECT_EQ(total(suite).rejected, 0);
  EXPECT_GE(total(suite).right, 1000);
}

TEST(JsonSchemaSuite, Draft7) {
  const std::string folder = shared_path("json_schema/test_suite/draft7");
  ESTOC_SKIP_WITHOUT(folder);
  Suite suite;
  run_folder(folder, false, nullptr, suite);
  print(suite, "draft 7");
  EXPECT_EQ(total(suite).accepted, 0);
  EXPECT_EQ(total(suite).rejected, 0);
  EXPECT_GE(total(suite).right, 700);
}

TEST(JsonSchemaSuite, Formats) {
  const std::string folder = shared_path("json_schema/test_suite/draft2020-12/optional/format");
  ESTOC_SKIP_WITHOUT(folder);
  Suite suite;
  run_folder(folder, true, nullptr, suite);
  print(suite, "formats");
  EXPECT_EQ(total(suite).accepted, 0);
}

TEST(Gbnf, SampleGrammarsHaveNoDeadEnds) {
  const std::string folder = shared_path("json_schema/gbnf");
  ESTOC_SKIP_WITHOUT(folder);
  const std::string ranks = shared_path("tokenizers/ranks/o200k_base.tiktoken");
  ESTOC_SKIP_WITHOUT(ranks);
  const RankVocabulary words(ranks, 150000);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    SCOPED_TRACE(entry.path().string());
    const auto begin = std::chrono::steady_clock::now();
    const auto grammar =
        std::make_shared<TokenGrammar>(grammar::compile_gbnf(read_file(entry.path().string())), words.vocabulary);
    Times times;
    const double compiled = seconds_since(begin);
    TokenMatcher matcher(grammar, {words.end});
    std::mt19937_64 random(3);
    TokenMask mask;
    for (int count = 0; count < 300; ++count) {
      mask.reset(words.texts.size());
      const auto start = std::chrono::steady_clock::now();
      matcher.restrict(mask, {});
      times.seconds.push_back(seconds_since(start));
      std::vector<TokenId> allowed;
      for (size_t t = 0; t + 1 < words.texts.size(); ++t) {
        if (mask.allows(static_cast<TokenId>(t))) allowed.push_back(static_cast<TokenId>(t));
      }
      if (allowed.empty()) {
        EXPECT_TRUE(matcher.may_end());
        break;
      }
      ASSERT_TRUE(matcher.accept(allowed[random() % allowed.size()]));
    }
    fmt::print("{}: compiled in {:.2f} ms; masks: {}\n", entry.path().filename().string(), compiled * 1e3,
               times.text());
  }
}

}  // namespace
}  // namespace estoc
