#include "gpu/driver.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/emulator.h"
#include "gpu/test_sentence.h"

namespace estoc::gpu {
namespace {

TEST(DriverTest, AMissingLibraryIsOneSentence) {
  const std::string text = sentence([] { open_driver("libno-such-driver.so.1"); });
  EXPECT_NE(text.find("no GPU driver here: libno-such-driver.so.1"), std::string::npos) << text;
}

TEST(DriverTest, ALibraryThatIsNoDriverIsNamedWithWhatItLacks) {
  const std::string text = sentence([] { open_driver("libm.so.6"); });
  EXPECT_NE(text.find("libm.so.6 is too old or not a driver: it lacks cuInit"), std::string::npos) << text;
}

TEST(DriverTest, ADriverWithoutDeviceIsSaid) {
  Driver driver = emulator();
  driver.init = [](unsigned) { return kNoDevice; };
  EXPECT_EQ(sentence([&] { start_driver(driver); }), "the GPU driver emulator finds no device");
  driver = emulator();
  driver.device_count = [](int* count) { return *count = 0, 0; };
  EXPECT_EQ(sentence([&] { start_driver(driver); }), "the GPU driver emulator finds no device");
  setenv("CUDA_VISIBLE_DEVICES", "7", 1);
  EXPECT_EQ(sentence([&] { start_driver(driver); }),
            "the GPU driver emulator finds no device (CUDA_VISIBLE_DEVICES is '7')");
  unsetenv("CUDA_VISIBLE_DEVICES");
}

TEST(DriverTest, AnErrorCarriesTheDriversWords) {
  try {
    emulator().check(kOutOfMemory, "allocating device memory");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::resource_exhausted);
    EXPECT_NE(std::string(error.what()).find("emulator: allocating device memory: error 2 OUT_OF_MEMORY"),
              std::string::npos)
        << error.what();
  }
}

TEST(DriverTest, ALostDeviceIsToldFromACallThatFailed) {
  const auto code = [](Result result) {
    try {
      emulator().check(result, "computing");
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::internal;
  };
  for (const Result result : {46, 214, 220, 700, 702, 709, 710, 714, 719, 999}) {
    EXPECT_EQ(code(result), ErrorCode::device_lost) << result;
  }
  for (const Result result : {1, 500, 701, 713, 720}) EXPECT_EQ(code(result), ErrorCode::io) << result;
}

TEST(DriverTest, TheEmulatorFillsTheWholeTable) {
  start_driver(emulator());
#define ESTOC_EXPECT(field, symbol, arguments) EXPECT_NE(emulator().field, nullptr) << #symbol;
  ESTOC_DRIVER_FUNCTIONS(ESTOC_EXPECT)
#undef ESTOC_EXPECT
}

}  // namespace
}  // namespace estoc::gpu
