#include "weights/config_reader.h"

#include <gtest/gtest.h>

#include "weights/gguf_source.h"
#include "weights/gguf_writer.h"
#include "weights/test_naming_rules.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

void expect_bad(std::string_view words, const std::function<void()>& read) {
  expect_refused(ErrorCode::corrupt_file, words, read);
}

TEST(ConfigReader, ReadsWhatIsThereAndFallsBackWhereNothingIs) {
  const Json json = parse_json(R"({"i": 3, "n": 0.5, "b": true, "t": "x", "o": {"n": 2}, "null": null})");
  const ConfigReader config(json, "config.json");
  EXPECT_EQ(config.integer("i", 1, 3), 3);
  EXPECT_EQ(config.integer("null", 1, 3, 2), 2);
  EXPECT_EQ(config.number("n", 0, 1, 7), 0.5);
  EXPECT_EQ(config.number("none", 0, 1, 7), 7);
  EXPECT_EQ(config.number("i", 0, 10, 7), 3);
  EXPECT_TRUE(config.boolean("b", false));
  EXPECT_TRUE(config.boolean("none", true));
  EXPECT_EQ(config.text("t", "y"), "x");
  EXPECT_EQ(config.text("none", "y"), "y");
  EXPECT_EQ(config.object("o").number("n", 0, 10, 7), 2);
  EXPECT_EQ(config.object("none").number("n", 0, 10, 7), 7);
}

TEST(ConfigReader, NamesFileKeyAndWhatWasExpected) {
  const Json json = parse_json(R"({"i": 4, "n": "0.5", "b": 1, "t": 2, "o": {"n": -1}, "f": 2.5, "big": 1e300})");
  const ConfigReader config(json, "m/config.json");
  expect_bad("m/config.json: i is 4, expected an integer from 1 to 3", [&] { config.integer("i", 1, 3); });
  expect_bad("m/config.json: f is 2.5, expected an integer", [&] { config.integer("f", 1, 3); });
  expect_bad("m/config.json: big is", [&] { config.integer("big", 1, 3); });
  expect_bad("m/config.json: none is missing, expected an integer from 1 to 3", [&] { config.integer("none", 1, 3); });
  expect_bad("m/config.json: none is missing and would be 1024 by the other values, expected 2 to 512",
             [&] { config.integer("none", 2, 512, 1024); });
  expect_bad("m/config.json: n is \"0.5\", expected a number from 0 to 1", [&] { config.number("n", 0, 1, 0); });
  expect_bad("m/config.json: b is 1, expected true or false", [&] { config.boolean("b", false); });
  expect_bad("m/config.json: t is 2, expected a string", [&] { config.text("t", ""); });
  expect_bad("m/config.json: t is 2, expected an object", [&] { config.object("t"); });
  expect_bad("m/config.json: o.n is -1, expected a number", [&] { config.object("o").number("n", 0, 1, 0); });
}

TEST(ConfigReader, ReadsAFamilysOwnNames) {
  const Json json = parse_json(R"({"n_embd": 8, "hidden_size": 9, "n_layer": null, "num_hidden_layers": 2})");
  constexpr ConfigAlias kAliases[] = {{"n_embd", "hidden_size"}, {"n_layer", "num_hidden_layers"}};
  const ConfigReader plain(json, "m/config.json"), config = plain.with(kAliases);
  EXPECT_EQ(plain.integer("hidden_size", 1, 99), 9);
  EXPECT_EQ(config.integer("hidden_size", 1, 99), 8);
  EXPECT_EQ(config.integer("num_hidden_layers", 1, 99), 2);  // null is not there
  expect_bad("m/config.json: n_embd is 8, expected an integer from 1 to 3",
             [&] { config.integer("hidden_size", 1, 3); });
}

TEST(ConfigReader, SpellsKeysAsTheGgufFileDoes) {
  GgufWriter writer;
  writer.set("general.architecture", GgufValue::string("llama")).set("llama.block_count", GgufValue::u32(0));
  writer.set("llama.rope.scaling.type", GgufValue::string("linear"))
      .set("llama.rope.scaling.factor", GgufValue::f32(-1));
  const std::string bytes = writer.text();
  const auto source = gguf_from_memory(as_bytes(bytes), "m.gguf", test_naming_rules());
  const ConfigReader config(*source);
  expect_bad("m.gguf: llama.block_count is 0, expected", [&] { config.integer("num_hidden_layers", 1, 3); });
  expect_bad("m.gguf: llama.embedding_length is missing", [&] { config.integer("hidden_size", 1, 3); });
  expect_bad("m.gguf: llama.rope.scaling.factor is -1",
             [&] { config.object("rope_scaling").number("factor", 0, 1, 1); });
}

}  // namespace
}  // namespace estoc
