#include "serving/placement.h"

#include <gtest/gtest.h>

#include "base/test_directory.h"
#include "models/family.h"
#include "models/test_random_gguf.h"
#include "serving/model_plan.h"
#include "weights/test_refusal.h"

namespace estoc {
namespace {

class PlacementTest : public testing::Test {
 protected:
  PlacementTest() { settings_.device = "emulator"; }

  Placement place() { return place_model(settings_, *weights_, info_); }

  const TemporaryDirectory directory_;
  const RandomGguf model_{.layers = 3};
  const std::unique_ptr<WeightSource> weights_ =
      open_weights(directory_.write("m.gguf", model_.text()), naming_rules());
  const ModelInfo info_ = describe_model(*weights_, ComputeMode::fast);
  ModelSettings settings_;
};

TEST_F(PlacementTest, ADeviceTakesAllThatFits) {
  const Placement placement = place();
  ASSERT_TRUE(placement.is_all_on_devices());
  EXPECT_EQ(placement.devices[0].weight_bytes, device_weight_bytes(*weights_, 0, 3));
  EXPECT_GT(placement.kv_bytes(info_.state), 0u);
  const std::vector<StackPlace>& places = placement.stacks;
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].layer_end, 3);
  EXPECT_EQ(places[0].device, "emulator");
}

TEST_F(PlacementTest, TheLastLayersGoThereAndTheOthersStay) {
  settings_.gpu_layers = 2;
  const std::vector<StackPlace> places = place().stacks;
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].layer_end, 1);
  EXPECT_EQ(places[0].device, "cpu");
  EXPECT_EQ(places[1].device, "emulator");
  settings_.gpu_layers = 100;
  EXPECT_TRUE(place().is_all_on_devices());
  settings_.gpu_layers = 0;
  EXPECT_FALSE(place().has_device());
}

TEST_F(PlacementTest, LayersWhereTheyAreTold) {
  settings_.places = parse_places("emulator:1:0,cpu:1,emulator:0:2");
  const Placement placement = place();
  EXPECT_EQ(placement.device_layers(), 2);
  EXPECT_FALSE(placement.is_all_on_devices());
  ASSERT_EQ(placement.stacks.size(), 3u);
  EXPECT_EQ(placement.stacks[0].device, "emulator:1");
  EXPECT_EQ(placement.stacks[1].device, "cpu");
  EXPECT_EQ(placement.stacks[2].layer_end, 3);
  ASSERT_EQ(placement.devices.size(), 2u);
  EXPECT_EQ(placement.devices[0].weight_bytes, device_weight_bytes(*weights_, 0, 1));
  EXPECT_EQ(placement.devices[1].weight_bytes, device_weight_bytes(*weights_, 2, 3));
  // Each device has a layer: there is room for all three layers' keys and values three times over what the tighter has.
  const uint64_t tighter = std::min(placement.devices[0].kv_bytes(), placement.devices[1].kv_bytes());
  EXPECT_EQ(placement.kv_bytes(info_.state), 3 * tighter);
  // Layers in groups: all of what the first layer keeps may be the whole of it, and half of what the others do.
  const StateLayout windows({PagedState{1, 64}, PagedState{1, 64, 16}, PagedState{1, 64, 16}});
  EXPECT_EQ(placement.kv_bytes(windows),
            std::min(placement.devices[0].kv_bytes(), 2 * placement.devices[1].kv_bytes()));
  EXPECT_NE(placement_text(placement).find("1 of 3 layers on emulator (emulator:1)"), std::string::npos);
  settings_.places = parse_places("cpu:0,cpu:1-2");
  EXPECT_FALSE(place().has_device());
}

TEST_F(PlacementTest, MemoryIsToldByPlace) {
  settings_.places = parse_places("emulator:1:0,cpu:1,emulator:0:2");
  const Placement placement = place();
  const std::vector<api::PlaceMemory> memory = place_memory(placement, 1 << 20, 3000);
  ASSERT_EQ(memory.size(), 3u);
  EXPECT_EQ(memory[0].place, "emulator:1");
  EXPECT_EQ(memory[0].weights, placement.devices[0].weight_bytes);
  EXPECT_EQ(memory[1].kv, 1000u);
  EXPECT_EQ(memory[2].place, "cpu");
  EXPECT_EQ(memory[2].kv, 1000u);
  const std::vector<api::PlaceMemory> cpu = place_memory({.layers = 3}, 5, 6);
  ASSERT_EQ(cpu.size(), 1u);
  EXPECT_EQ(cpu[0].weights, 5u);
  EXPECT_EQ(cpu[0].kv, 6u);
}

TEST_F(PlacementTest, PlacesThatDoNotFitTheModelAreRefused) {
  settings_.places = parse_places("cpu:0,emulator:1-3");
  expect_refused(ErrorCode::invalid_argument, "the places have layers 0 to 3, expected 0 to 2", [&] { place(); });
  settings_.places = parse_places("cpu:0,emulator:9:1-2");
  expect_refused(ErrorCode::invalid_argument, "there is no device 9", [&] { place(); });
  settings_.places = parse_places("cpu:0,emulator:1-2");
  settings_.engine.sequences_max = 1 << 20;
  expect_refused(ErrorCode::resource_exhausted, "but layers 1 to 2 need", [&] { place(); });
}

TEST_F(PlacementTest, AllOnCpusIsNoPlaceAtAll) {
  settings_.device = "cpu";
  EXPECT_FALSE(place().has_device());
  EXPECT_TRUE(place().stacks.empty());
}

// Half of the emulator's gigabyte for the activations of so many sequences.
TEST_F(PlacementTest, WhatDoesNotFitIsToldWithTheNumberThatDoes) {
  settings_.engine.sequences_max = 1 << 20;
  expect_refused(ErrorCode::resource_exhausted, "not one layer fits beside one context", [&] { place(); });
  settings_.gpu_layers = 3;
  expect_refused(ErrorCode::resource_exhausted, "0 of 3 layers fit beside one context, not 3", [&] { place(); });
}

TEST_F(PlacementTest, WhatADeviceDoesNotPromiseIsRefused) {
  settings_.compute = ComputeMode::exact;
  expect_refused(ErrorCode::unsupported, "exact mode is computed on CPUs only", [&] { place(); });
  settings_.device = "abacus";
  expect_refused(ErrorCode::invalid_argument, "the device 'abacus' is not known", [&] { place(); });
}

TEST_F(PlacementTest, KeysAndValuesGetWhatIsLeftOfTheDevice) {
  const Placement placement = place();
  const std::vector<ModelPlan> plans = plan_models({settings_}, {info_}, {placement}, 1 << 20);
  EXPECT_EQ(plans[0].engine.kv_type, KvType::bf16);
  EXPECT_GT(plans[0].engine.machine.macs_a_second, EngineConfig().machine.macs_a_second);
  EXPECT_EQ(plans[0].engine.batch_tokens_max, 512);  // the library's own default is no wish left open
  EXPECT_GT(plans[0].engine.kv_bytes, uint64_t{1} << 20);
}

// Keys and values of layers in main memory take a quarter of that, however much a device has room for.
TEST_F(PlacementTest, CpusThatHaveLayersLimitKeysAndValuesToo) {
  settings_.engine.sequences_max = 1 << 12;
  settings_.gpu_layers = 1;
  const Placement placement = place();
  const uint64_t memory = info_.state.position_block_bytes(KvType::bf16) * 400;
  const std::vector<ModelPlan> plans = plan_models({settings_}, {info_}, {placement}, memory);
  EXPECT_LE(plans[0].engine.kv_bytes, memory / 4 / 2 * 3);
  EXPECT_GT(plans[0].engine.kv_bytes, memory / 4);
}

TEST_F(PlacementTest, MoreSequencesAndShorterStepsOnADevice) {
  settings_.engine.sequences_max = 0;
  settings_.engine.batch_tokens_max = 0;
  settings_.engine.target_tbt_s = 0;
  const Placement on_device = place();
  const EngineConfig cpu = plan_model(settings_, info_).engine, gpu = plan_model(settings_, info_, on_device).engine;
  EXPECT_EQ(cpu.sequences_max, 64);
  EXPECT_EQ(gpu.sequences_max, 256);
  EXPECT_EQ(gpu.batch_tokens_max, 2048);
  EXPECT_LT(gpu.target_tbt_s, cpu.target_tbt_s);
  settings_.gpu_layers = 1;  // the CPUs' layers take their time
  EXPECT_EQ(plan_model(settings_, info_, place()).engine.target_tbt_s, cpu.target_tbt_s);
}

}  // namespace
}  // namespace estoc
