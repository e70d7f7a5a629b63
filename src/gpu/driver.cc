#include "gpu/driver.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/error.h"

namespace estoc::gpu {

namespace {

// Results behind which every further call of the process fails: NVIDIA's driver says of these in its manual (CUresult)
// that the process must be started again, AMD's numbers are the same.
bool is_loss(Result result) {
  constexpr Result kDeviceUnavailable = 46, kUncorrectableMemory = 214, kUncorrectableLink = 220, kUnknown = 999;
  constexpr Result kIllegalAddress = 700, kLaunchTimeout = 702, kContextDestroyed = 709, kAssert = 710,
                   kFirstFault = 714, kLastFault = 719;  // of the hardware's stack, instructions, addresses, launches
  return result == kDeviceUnavailable || result == kUncorrectableMemory || result == kUncorrectableLink ||
         result == kUnknown || result == kIllegalAddress || result == kLaunchTimeout || result == kContextDestroyed ||
         result == kAssert || (result >= kFirstFault && result <= kLastFault);
}

ErrorCode code_of(Result result) {
  if (result == kOutOfMemory) return ErrorCode::resource_exhausted;
  return is_loss(result) ? ErrorCode::device_lost : ErrorCode::io;
}

}  // namespace

void Driver::check(Result result, const char* what) const {
  if (result == 0) return;
  const char* short_name = nullptr;
  const char* text = nullptr;
  if (error_name != nullptr) error_name(result, &short_name);
  if (error_text != nullptr) error_text(result, &text);
  fail(code_of(result), "{}: {}: error {} {} ({})", name, what, result,
       short_name != nullptr ? short_name : "without a name", text != nullptr ? text : "no text");
}

void* open_library(const char* library, const char* kind) {
  void* opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    const char* reason = dlerror();
    fail(ErrorCode::unsupported, "no {} here: {}", kind, reason != nullptr ? reason : library);
  }
  return opened;
}

Driver open_driver(const char* library) {
  void* opened = open_library(library, "GPU driver");
  Driver driver;
  driver.name = library;
#define ESTOC_RESOLVE(field, symbol, arguments)                                                                  \
  driver.field = reinterpret_cast<Result(*) arguments>(dlsym(opened, #symbol));                                  \
  if (driver.field == nullptr) {                                                                                 \
    dlclose(opened);                                                                                             \
    fail(ErrorCode::unsupported, "the GPU driver {} is too old or not a driver: it lacks {}", library, #symbol); \
  }
  ESTOC_DRIVER_FUNCTIONS(ESTOC_RESOLVE)
#undef ESTOC_RESOLVE
  return driver;
}

std::string visible_devices_text() {
  for (const char* const name : {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}) {
    if (const char* const value = std::getenv(name)) return fmt::format(" ({} is '{}')", name, value);
  }
  return {};
}

void start_driver(const Driver& driver) {
  const Result result = driver.init(0);
  if (result != kNoDevice) driver.check(result, "the driver does not start");
  int count = 0;
  if (result == 0) driver.check(driver.device_count(&count), "counting devices");
  if (count == 0)
    fail(ErrorCode::unsupported, "the GPU driver {} finds no device{}", driver.name, visible_devices_text());
}

const Driver& open_cuda() {
  static const Driver driver = [] {
    Driver opened = open_driver("libcuda.so.1");
    start_driver(opened);
    return opened;
  }();
  return driver;
}

}  // namespace estoc::gpu
