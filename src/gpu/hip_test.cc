#include "gpu/hip.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/accelerator.h"
#include "gpu/emulator.h"
#include "gpu/test_sentence.h"
#include "gpu/trials/checks.h"

namespace estoc::gpu {
namespace {

// The library of fake_hip.cc in front of an emulated card.
class HipTest : public testing::TestWithParam<EmulatedCard> {
 protected:
  HipTest() : library(dlopen(ESTOC_FAKE_HIP, RTLD_NOW | RTLD_LOCAL)), driver(open_hip_driver(ESTOC_FAKE_HIP)) {
    reinterpret_cast<void (*)(const Driver*)>(dlsym(library, "fake_hip_card"))(&emulator(GetParam()));
  }
  ~HipTest() override { dlclose(library); }

  int device_in_use() const { return reinterpret_cast<int (*)()>(dlsym(library, "fake_hip_device"))(); }

  void* library;
  Driver driver;
  Random random{3};
};

TEST_P(HipTest, FillsTheWholeTable) {
  start_driver(driver);
#define ESTOC_EXPECT(field, symbol, arguments) EXPECT_NE(driver.field, nullptr) << #field;
  ESTOC_DRIVER_FUNCTIONS(ESTOC_EXPECT)
#undef ESTOC_EXPECT
}

TEST_P(HipTest, ADeviceIsOfNoCapabilityOfNvidiasAndKnowsItsWaves) {
  const Device device(driver, 2);
  EXPECT_TRUE(device.is_amd());
  EXPECT_EQ(device.wave_lanes, GetParam() == EmulatedCard::gfx942 ? 64 : 32);
  EXPECT_EQ(device.multiprocessors, 4);
  EXPECT_EQ(device.l2_bytes, size_t{1} << 20);
  EXPECT_EQ(device_in_use(), 2);
}

TEST_P(HipTest, KernelsRunThroughIt) {
  const Device device(driver);
  const Module module(device, "");
  for (const Check& check :
       {check_rms_norm(device, module, 3, 256, random),
        check_linear(device, module, {WeightForm::codes4, LinearEnd::residual, 48, 192, 12, 2, 4}, random)}) {
    EXPECT_TRUE(check.is_good()) << check.name << ": error " << check.error;
  }
}

TEST_P(HipTest, AGraphRunsWhatWasRecorded) {
  const Device device(driver);
  Buffer memory = Buffer::of(device, std::vector<float>{1, 2});
  const Graph graph(device, [&] { memory.fill(0x40400000); });
  EXPECT_EQ(memory.values<float>()[0], 1);
  graph.launch();
  EXPECT_EQ(memory.values<float>(), (std::vector<float>{3, 3}));
}

TEST_P(HipTest, AnErrorCarriesHipsWords) {
  const Device device(driver);
  try {
    driver.check(kOutOfMemory, "allocating device memory");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("allocating device memory: error 2 hipErrorOutOfMemory (in HIP's words)"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(sentence([&] { Module(device, "for another card"); }),
            "this build has no kernels for " + device.name + ": none of its images fits");
  EXPECT_THROW(device.allow_shared(nullptr, 80 << 10), Error);
}

INSTANTIATE_TEST_SUITE_P(Cards, HipTest, testing::Values(EmulatedCard::gfx942, EmulatedCard::gfx1100));

TEST(HipLibraryTest, WhatIsMissingIsOneSentence) {
  EXPECT_NE(sentence([] { open_hip_driver("libno-such-hip.so.1"); }).find("no HIP library here: libno-such-hip.so.1"),
            std::string::npos);
  EXPECT_EQ(sentence([] { open_hip_driver("libm.so.6"); }),
            "the HIP library libm.so.6 is too old or not one: it lacks hipInit");
}

TEST(HipLibraryTest, PlacesOfCardsThatAreNotThere) {
  void* installed = dlopen("libamdhip64.so.7", RTLD_NOW | RTLD_LOCAL);
  if (installed != nullptr) GTEST_SKIP() << "there is a HIP library here";
  EXPECT_NE(sentence([] { Accelerator::open("hip:1"); }).find("no HIP library here: libamdhip64.so.7"),
            std::string::npos);
  EXPECT_EQ(Accelerator::open("hippo"), nullptr);
  EXPECT_THROW(Accelerator::open("hip:x"), Error);
  EXPECT_EQ(Accelerator::open("emulator-gfx942:1")->device().wave_lanes, 64);
}

}  // namespace
}  // namespace estoc::gpu
