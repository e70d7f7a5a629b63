#include "gpu/device_report.h"

#include <gtest/gtest.h>

#include "gpu/emulator.h"

namespace estoc::gpu {
namespace {

const Image kHopper[] = {{"sm_90a", 90, ImageKind::cubin, nullptr, 0, 0}};

TEST(DeviceReport, EachDeviceHasALine) {
  const std::vector<std::string> lines = device_lines(emulator(), "cuda", kHopper);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1], "cuda:1 emulator, capability 9.0, 4 multiprocessors, 1.00 GiB of 1.00 GiB free, kernels sm_90a");
  EXPECT_NE(device_lines(emulator(), "cuda", {})[0].find("no kernels for it in this build"), std::string::npos);
}

TEST(DeviceReport, OneThatCannotBeUsedSaysWhy) {
  Driver driver = emulator();
  driver.device_count = [](int* count) { return *count = 1, 0; };
  driver.context_retain = [](Handle*, int) { return kOutOfMemory; };
  EXPECT_EQ(device_lines(driver, "cuda", kHopper)[0].rfind("cuda:0 cannot be used: emulator: making a context", 0), 0u);
}

TEST(DeviceReport, ThereIsAlwaysALine) { EXPECT_FALSE(gpu_lines().empty()); }

}  // namespace
}  // namespace estoc::gpu
