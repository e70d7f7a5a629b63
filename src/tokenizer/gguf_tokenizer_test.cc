#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/gguf_vocab_reader.h"
#include "tokenizer/split_names.h"
#include "tokenizer/test_data.h"

namespace estoc {
namespace {

// All 256 bytes, then "he" "ll" "hell" "hello", then <s> and </s>.
struct SmallVocab {
  std::vector<std::string> spellings;
  GgufVocab vocab;

  SmallVocab() {
    for (int byte = 0; byte < 256; ++byte)
      spellings.push_back(spelling_of_bytes(std::string(1, static_cast<char>(byte))));
    for (const char* token : {"he", "ll", "hell", "hello", "<s>", "</s>"}) spellings.emplace_back(token);
    vocab.source = "small";
    vocab.model = "gpt2";
    vocab.pre = "gpt-2";
    vocab.tokens.assign(spellings.begin(), spellings.end());
    vocab.types.assign(spellings.size(), 1);
    vocab.types[260] = vocab.types[261] = 3;
    vocab.merges = {"h e", "l l", "he ll", "hell o"};
    vocab.bos = 260;
    vocab.eos = 261;
  }
};

TEST(GgufByteLevel, MergesAndSpecialTokens) {
  SmallVocab small;
  small.vocab.add_bos = true;
  const auto tokenizer = build_tokenizer(small.vocab);
  EXPECT_EQ(tokenizer->encode("hello</s>"), (std::vector<TokenId>{260, 259, 261}));
  EXPECT_EQ(tokenizer->encode("hell", {.add_special = false}), (std::vector<TokenId>{258}));
  EXPECT_EQ(tokenizer->encode("<s>", kAsText), (std::vector<TokenId>{'<', 's', '>'}));
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_TRUE(tokenizer->is_special(260));
  EXPECT_EQ(tokenizer->find("hello"), 259);
  EXPECT_EQ(tokenizer->find("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{260, 259, 261}), "hello");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{260, 259, 261}, false), "<s>hello</s>");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{-1, 9999, 259}), "hello");
}

TEST(GgufByteLevel, AnyBytesSurviveARoundTrip) {
  const SmallVocab small;
  const auto tokenizer = build_tokenizer(small.vocab);
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(255 - i));
  std::string back;
  for (const TokenId id : tokenizer->encode(bytes, kAsText)) back += tokenizer->token_bytes(id);
  EXPECT_EQ(back, bytes);
}

TEST(GgufByteLevel, TextNeverMergesIntoASpecialToken) {
  SmallVocab small;
  small.vocab.types[259] = 3;  // "hello" of "hell" and "o"
  const auto tokenizer = build_tokenizer(small.vocab);
  EXPECT_EQ(tokenizer->encode("hello", kAsText), (std::vector<TokenId>{258, 'o'}));
  EXPECT_EQ(tokenizer->encode("hello", kPlain), (std::vector<TokenId>{259}));
}

void expect_refused(const GgufVocab& vocab, ErrorCode code, const std::string& part) {
  try {
    build_tokenizer(vocab);
    ADD_FAILURE() << "expected an error about " << part;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(GgufVocabErrors, AreClear) {
  const auto refused = [](auto change, ErrorCode code, const std::string& part) {
    SmallVocab small;
    change(small.vocab);
    expect_refused(small.vocab, code, part);
  };
  refused([](GgufVocab& v) { v.pre = "nobody"; }, ErrorCode::unsupported,
          "tokenizer.ggml.pre names the splitting rule \"nobody\", which is not supported (gpt-2, phi-2,");
  refused([](GgufVocab& v) { v.merges.clear(); }, ErrorCode::corrupt_file, "tokenizer.ggml.merges is missing or empty");
  refused([](GgufVocab& v) { v.model = "rwkv"; }, ErrorCode::unsupported,
          "tokenizer.ggml.model is \"rwkv\", expected one of \"gpt2\", \"gemma4\", \"llama\", \"t5\", \"bert\"");
  refused([](GgufVocab& v) { v.model = "bert"; }, ErrorCode::corrupt_file, "unknown_token_id is missing");
  refused([](GgufVocab& v) { v.model = "t5"; }, ErrorCode::corrupt_file, "scores is missing");
  refused([](GgufVocab& v) { v.model = "llama"; }, ErrorCode::corrupt_file, "scores");
  refused([](GgufVocab& v) { v.bos = 262; }, ErrorCode::corrupt_file, "bos");
  refused([](GgufVocab& v) { v.eos = -1; }, ErrorCode::corrupt_file, "eos");
  refused([](GgufVocab& v) { v.types.pop_back(); }, ErrorCode::corrupt_file, "token_type");
  refused([](GgufVocab& v) { v.tokens.clear(); }, ErrorCode::corrupt_file, "tokens");
  refused([](GgufVocab& v) { v.merges.push_back("he"); }, ErrorCode::corrupt_file, "merge 4");
  refused([](GgufVocab& v) { v.merges.push_back("h x"); }, ErrorCode::corrupt_file, "merge 4");
}

TEST(GgufVocabErrors, TheFirstAndTheLastTokenMayBeSpecial) {
  SmallVocab small;
  small.vocab.bos = 0;
  small.vocab.eos = 261;
  const auto tokenizer = build_tokenizer(small.vocab);
  EXPECT_EQ(tokenizer->bos(), 0);
  EXPECT_EQ(tokenizer->eos(), 261);
}

GgufVocab bert_vocab(std::initializer_list<std::string_view> words) {
  GgufVocab vocab{.source = "bert", .model = "bert", .tokens = {"[UNK]", "[CLS]", "[SEP]"}, .types = {2, 3, 3}};
  for (const std::string_view word : words) {
    vocab.tokens.push_back(word);
    vocab.types.push_back(1);
  }
  vocab.unknown = 0;
  vocab.cls = 1;
  vocab.separator = 2;
  return vocab;
}

TEST(GgufWordPiece, MarksWhatBeginsAWord) {
  const auto tokenizer = build_tokenizer(bert_vocab({"▁play", "ing", "▁cafe", "▁.", "▁你"}));
  const std::vector<TokenId> ids = tokenizer->encode("Playing CAFÉ.你 ing");
  EXPECT_EQ(ids, (std::vector<TokenId>{1, 3, 4, 5, 6, 7, 0, 2}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{1, 3, 4, 5, 2}), "playing cafe");
  const SegmentedIds pair = tokenizer->encode_pair("play", "cafe.");
  EXPECT_EQ(pair.ids, (std::vector<TokenId>{1, 3, 2, 5, 6, 2}));
  EXPECT_EQ(pair.segments, (std::vector<uint8_t>{0, 0, 0, 1, 1, 1}));
}

TEST(GgufWordPiece, CutsWhatIsTooLongAndNotWhatGoesAround) {
  const auto tokenizer = build_tokenizer(bert_vocab({"▁a", "▁b", "▁c", "▁d"}));
  const auto cut = [&](std::optional<std::string_view> second, int tokens_max, bool cuts_left = false) {
    return tokenizer->encode_cut("a b c d", second, tokens_max, cuts_left);
  };
  using Ids = std::vector<TokenId>;
  EXPECT_EQ(cut({}, 6).ids, tokenizer->encode("a b c d"));
  EXPECT_EQ(cut({}, 5).ids, (Ids{1, 3, 4, 5, 2}));
  EXPECT_EQ(cut({}, 5, true).ids, (Ids{1, 4, 5, 6, 2}));
  EXPECT_EQ(cut({}, 0).ids, (Ids{1, 2}));
  EXPECT_EQ(cut("a b", 9).ids, tokenizer->encode_pair("a b c d", "a b").ids);
  EXPECT_EQ(cut("a b", 8).ids, (Ids{1, 3, 4, 5, 2, 3, 4, 2}));
  EXPECT_EQ(cut("a b", 8).segments, (std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(cut("a b", 6).ids, (Ids{1, 3, 4, 2, 3, 2}));
  EXPECT_EQ(tokenizer->encode_cut("a b c d", {}, 3, false, kPlain).ids, (Ids{3, 4, 5}));
}

TEST(GgufWordPiece, KeepsTheCaseWhereTheVocabularyTellsIt) {
  const auto tokenizer = build_tokenizer(bert_vocab({"▁Play", "▁play", "▁café"}));
  EXPECT_EQ(tokenizer->encode("Play play café", kPlain), (std::vector<TokenId>{3, 4, 5}));
}

TEST(GgufUnigram, TakesTheBestPathAndSurroundsAsT5) {
  GgufVocab vocab{.source = "t5",
                  .model = "t5",
                  .tokens = {"<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab", "▁a", "<x>"},
                  .scores = {0, 0, 0, -3, -2, -2, -6, -2.5F, 0},
                  .types = {3, 3, 2, 1, 1, 1, 1, 1, 4}};
  vocab.eos = 1;
  vocab.unknown = 2;
  const auto tokenizer = build_tokenizer(vocab);
  // "▁a" "b" is worth -4.5, "▁ab" only -6; runs of unknown characters are one token, extra blanks go.
  EXPECT_EQ(tokenizer->encode("  ab  zz<x>ab "), (std::vector<TokenId>{7, 5, 3, 2, 8, 4, 5, 1}));
  EXPECT_EQ(tokenizer->encode("</s>", kPlain), (std::vector<TokenId>{1}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{7, 5, 6, 1}), "ab ab");
  vocab.remove_extra_whitespaces = false;
  vocab.add_space_prefix = false;
  EXPECT_EQ(build_tokenizer(vocab)->encode("a  a", kPlain), (std::vector<TokenId>{4, 3, 7}));
}

TEST(GgufSplitNames, HoldThoseOfPublishedModels) {
  const std::vector<std::string_view> names = split_names();
  for (const char* name : {"deepseek-llm", "smaug-bpe", "seed-coder", "mellum", "viking", "superbpe", "dbrx", "exaone4",
                           "chatglm-bpe", "falcon"}) {
    EXPECT_NE(std::ranges::find(names, name), names.end()) << name;
  }
  EXPECT_GE(names.size(), 80u);
}

TEST(GgufSplitNames, WhenThereIsNoneLeaveItToTheRuleForAnyModel) {
  for (const char* name : {"", "default"}) {
    SmallVocab small;
    small.vocab.pre = name;
    EXPECT_EQ(build_tokenizer(small.vocab)->encode("hello", kAsText), (std::vector<TokenId>{259})) << name;
  }
}

TEST(GgufSentencePiece, ScoresSpacesAndBytes) {
  GgufVocab vocab;
  vocab.source = "small";
  vocab.model = "llama";
  // "\u2581a" (id 4) beats "ab" (5): its score is higher. "c" is no token but "cd" is.
  vocab.tokens = {"<unk>", "<s>", "</s>", "<0x63>", "\u2581a", "ab", "a", "b", "\u2581", "cd", "d"};
  vocab.types = {2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 1};
  vocab.scores = {0, 0, 0, 0, -1, -2, -5, -5, -5, -4, -5};
  vocab.bos = 1;
  vocab.eos = 2;
  vocab.unknown = 0;
  const auto tokenizer = build_tokenizer(vocab);
  EXPECT_EQ(tokenizer->encode("ab"), (std::vector<TokenId>{1, 4, 7}));
  EXPECT_EQ(tokenizer->encode("bab", kPlain), (std::vector<TokenId>{8, 7, 5}));
  EXPECT_EQ(tokenizer->encode("cdc", kPlain), (std::vector<TokenId>{8, 9, 3}));
  EXPECT_EQ(tokenizer->encode("x", kPlain), (std::vector<TokenId>{8, 0}));
  EXPECT_EQ(tokenizer->encode("", kPlain), std::vector<TokenId>{});
  // Each stretch between special tokens starts with its own space; one written as text never becomes one.
  EXPECT_EQ(tokenizer->encode("a</s>a", kPlain), (std::vector<TokenId>{4, 2, 4}));
  EXPECT_EQ(tokenizer->encode("</s>", kAsText).front(), 8);
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{1, 4, 8, 7, 3}), "a bc");
  EXPECT_TRUE(tokenizer->strips_leading_space());
}

// Gemma 4's: the order of merges decides, not scores; spaces are marks, and nothing is put before a text.
TEST(GgufMarkedMerges, MergesSpacesAndBytes) {
  GgufVocab vocab;
  vocab.source = "small";
  vocab.model = "gemma4";
  vocab.tokens = {"<unk>", "<bos>", "<eos>", "<0x63>", "\u2581a", "ab", "a", "b", "\u2581", "\u2581ab", "<b>"};
  vocab.types = {2, 3, 3, 6, 1, 1, 1, 1, 1, 1, 4};
  vocab.merges = {"a b", "\u2581 a", "\u2581 ab"};
  vocab.bos = 1;
  vocab.unknown = 0;
  const auto tokenizer = build_tokenizer(vocab);
  EXPECT_EQ(tokenizer->encode("ab"), (std::vector<TokenId>{1, 5}));
  EXPECT_EQ(tokenizer->encode(" ab a", kPlain), (std::vector<TokenId>{9, 4}));
  EXPECT_EQ(tokenizer->encode("ac", kPlain), (std::vector<TokenId>{6, 3}));
  EXPECT_EQ(tokenizer->encode("a<b>", kPlain), (std::vector<TokenId>{6, 10}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{1, 9, 4, 3, 10}), " ab ac<b>");
  EXPECT_FALSE(tokenizer->strips_leading_space());
  vocab.merges.push_back("b c");
  expect_refused(vocab, ErrorCode::corrupt_file, "merge 3");
  vocab.merges.clear();
  expect_refused(vocab, ErrorCode::corrupt_file, "which a \"gemma4\" vocabulary needs");
}

}  // namespace
}  // namespace estoc
