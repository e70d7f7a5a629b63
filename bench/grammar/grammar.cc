// Times masks of JSON Schemas over documents, for bench/grammar/compare.py: CPU time of one thread.
// cmake --build build/release --target bench_grammar
// build/release/bench_grammar VOCABULARY TOKENS < CASES
// VOCABULARY has lines of a token's bytes in base64 and its rank; a line of CASES is a case of bench/grammar/cases.py.
// Documents are taken in the longest tokens there are; each case begins without cached masks. A line of output a case:
// microseconds to compile, of each mask and of each token taken, and which documents were taken whole.
#include <fmt/format.h>
#include <time.h>

#include <iostream>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "conformance/test_tiktoken_ranks.h"
#include "grammar/json_schema.h"
#include "grammar/token_matcher.h"

namespace {

using namespace estoc;  // NOLINT: a program of its own

// Other processes do not count.
double cpu_microseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

bool takes(const std::shared_ptr<grammar::TokenGrammar>& grammar, const RankVocabulary& words, std::string_view text,
           Json::Array& masks, Json::Array& accepts) {
  grammar::TokenMatcher matcher(grammar, {words.end});
  TokenMask mask;
  while (true) {
    mask.reset(words.texts.size());
    const double begin = cpu_microseconds();
    matcher.restrict(mask, {});
    const double masked = cpu_microseconds();
    masks.emplace_back(masked - begin);
    if (text.empty()) return mask.allows(words.end);
    const TokenId token = words.longest(text);
    const double before = cpu_microseconds();
    const bool is_taken = matcher.accept(token);
    accepts.emplace_back(cpu_microseconds() - before);
    if (is_taken != mask.allows(token)) fail(ErrorCode::internal, "a mask differs from what is taken");
    if (!is_taken) return false;
    text.remove_prefix(words.texts[static_cast<size_t>(token)].size());
  }
}

Json run(const Json& one, const RankVocabulary& words) {
  Json out = Json::Object{};
  out.set("name", one.find("name")->as_string());
  const double begin = cpu_microseconds();
  try {
    auto compiled = grammar::compile_json_schema(
        *one.find("schema"),
        {.any_property_order = one.find("any_order")->as_bool(), .asserts_formats = one.find("formats")->as_bool()});
    const auto grammar = std::make_shared<grammar::TokenGrammar>(std::move(compiled), words.vocabulary);
    out.set("compile_us", cpu_microseconds() - begin);
    Json::Array masks, accepts, taken;
    for (const Json& document : one.find("documents")->as_array()) {
      taken.emplace_back(takes(grammar, words, document.find("text")->as_string(), masks, accepts));
    }
    out.set("mask_us", std::move(masks));
    out.set("accept_us", std::move(accepts));
    out.set("taken", std::move(taken));
  } catch (const Error& error) {
    out.set("error", std::string(error.what()));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: bench_grammar VOCABULARY TOKENS < CASES\n");
    return 2;
  }
  const RankVocabulary words(argv[1], std::stoul(argv[2]));
  for (std::string line; std::getline(std::cin, line);) fmt::print("{}\n", to_json(run(parse_json(line), words)));
}
