#include "apps/read_settings.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace estoc {
namespace {

TEST(ReadSettings, DefaultsLeaveTheChoiceOpen) {
  const ModelSettings settings = read_model_settings({"m"}, {});
  EXPECT_EQ(settings.model, "m");
  EXPECT_EQ(settings.compute, ComputeMode::fast);
  EXPECT_EQ(settings.activations, Activations::automatic);
  EXPECT_EQ(settings.kv_type, std::nullopt);
  EXPECT_EQ(settings.pack_place, PackPlace::cache);
  EXPECT_EQ(settings.engine.context, 0);
  EXPECT_EQ(settings.engine.kv_bytes, 0u);
}

TEST(ReadSettings, WordsBecomeValues) {
  ModelOptionValues options;
  options.compute = "exact";
  options.activations = "int16";
  options.kv_type = "int8";
  options.kv_memory = "1.5G";
  options.pack_cache = "/some/folder";
  const ModelSettings settings = read_model_settings({"m"}, options);
  EXPECT_EQ(settings.compute, ComputeMode::exact);
  EXPECT_EQ(settings.activations, Activations::int16);
  EXPECT_EQ(settings.kv_type, KvType::int8);
  EXPECT_EQ(settings.engine.kv_bytes, uint64_t{3} << 29);
  EXPECT_EQ(settings.pack_place, PackPlace::directory);
  EXPECT_EQ(settings.pack_directory, "/some/folder");
  options.pack_cache = "off";
  EXPECT_EQ(read_model_settings({"m"}, options).pack_place, PackPlace::nowhere);
}

TEST(ReadSettings, MemoryThatIsNoneIsRefused) {
  for (const char* text : {"0", "0.2", "-1G", "much", "1T", "1e9G"}) {
    ModelOptionValues options;
    options.kv_memory = text;
    EXPECT_THROW(read_model_settings({"m"}, options), Error) << text;
  }
}

}  // namespace
}  // namespace estoc
