// The GPU driver as a table of functions: ours to declare, found in the driver's own library when the program runs.
//
// Nothing of a vendor is needed to build or to start: open_cuda() opens libcuda.so.1 and throws one sentence when
// library, symbol or device is missing. emulator() is the same table over main memory and fibers (emulator.h). The
// functions have the driver's C ABI and its rules: each returns 0 or an error, and what works on a stream has only
// begun when it returns. hip.h fills the same table for cards of AMD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace estoc::gpu {

using Result = int;
using Handle = void*;      // context, module, function, stream, event, graph
using Address = uint64_t;  // in device memory

struct LaunchAttribute {
  int id;
  int padding;
  union {
    int flag;
    unsigned dimension[3];
    char bytes[64];
    double alignment;
  } value;
};
inline constexpr int kClusterDimension = 4;  // value.dimension: blocks that run together and see each other's memory
inline constexpr int kProgrammaticLaunch =
    6;  // value.flag = 1: the kernel may begin before the one before it has ended

struct LaunchConfig {
  unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared_bytes;
  Handle stream;
  LaunchAttribute* attributes;
  unsigned attribute_count;
};
static_assert(sizeof(LaunchAttribute) == 72 && sizeof(LaunchConfig) == 56, "the driver's ABI");

enum class DeviceAttribute : int { wave_lanes = 10, multiprocessors = 16, l2_bytes = 38, major = 75, minor = 76 };
enum class FunctionAttribute : int { dynamic_shared_bytes = 8 };
inline constexpr Result kOutOfMemory = 2;
inline constexpr Result kNoDevice = 100;
inline constexpr Result kNoImageFits = 209;

// X(field, symbol of libcuda, arguments). Versioned names: the bare ones are older ABIs.
#define ESTOC_DRIVER_FUNCTIONS(X)                                                              \
  X(init, cuInit, (unsigned))                                                                  \
  X(driver_version, cuDriverGetVersion, (int*))                                                \
  X(device_count, cuDeviceGetCount, (int*))                                                    \
  X(device_get, cuDeviceGet, (int*, int))                                                      \
  X(device_name, cuDeviceGetName, (char*, int, int))                                           \
  X(device_attribute, cuDeviceGetAttribute, (int*, int, int))                                  \
  X(context_retain, cuDevicePrimaryCtxRetain, (Handle*, int))                                  \
  X(context_release, cuDevicePrimaryCtxRelease_v2, (int))                                      \
  X(context_use, cuCtxSetCurrent, (Handle))                                                    \
  X(context_synchronize, cuCtxSynchronize, ())                                                 \
  X(memory_info, cuMemGetInfo_v2, (size_t*, size_t*))                                          \
  X(module_load, cuModuleLoadData, (Handle*, const void*))                                     \
  X(module_unload, cuModuleUnload, (Handle))                                                   \
  X(module_function, cuModuleGetFunction, (Handle*, Handle, const char*))                      \
  X(function_attribute, cuFuncSetAttribute, (Handle, int, int))                                \
  X(function_blocks, cuOccupancyMaxActiveBlocksPerMultiprocessor, (int*, Handle, int, size_t)) \
  X(memory_allocate, cuMemAlloc_v2, (Address*, size_t))                                        \
  X(memory_free, cuMemFree_v2, (Address))                                                      \
  X(host_allocate, cuMemHostAlloc, (void**, size_t, unsigned))                                 \
  X(host_free, cuMemFreeHost, (void*))                                                         \
  X(host_address, cuMemHostGetDevicePointer_v2, (Address*, void*, unsigned))                   \
  X(copy_to_device, cuMemcpyHtoDAsync_v2, (Address, const void*, size_t, Handle))              \
  X(copy_to_host, cuMemcpyDtoHAsync_v2, (void*, Address, size_t, Handle))                      \
  X(copy_on_device, cuMemcpyDtoDAsync_v2, (Address, Address, size_t, Handle))                  \
  X(fill_words, cuMemsetD32Async, (Address, unsigned, size_t, Handle))                         \
  X(stream_create, cuStreamCreate, (Handle*, unsigned))                                        \
  X(stream_destroy, cuStreamDestroy_v2, (Handle))                                              \
  X(stream_synchronize, cuStreamSynchronize, (Handle))                                         \
  X(stream_wait, cuStreamWaitEvent, (Handle, Handle, unsigned))                                \
  X(event_create, cuEventCreate, (Handle*, unsigned))                                          \
  X(event_destroy, cuEventDestroy_v2, (Handle))                                                \
  X(event_record, cuEventRecord, (Handle, Handle))                                             \
  X(event_synchronize, cuEventSynchronize, (Handle))                                           \
  X(event_elapsed, cuEventElapsedTime, (float*, Handle, Handle))                               \
  X(launch, cuLaunchKernelEx, (const LaunchConfig*, Handle, void**, void**))                   \
  X(capture_begin, cuStreamBeginCapture_v2, (Handle, int))                                     \
  X(capture_end, cuStreamEndCapture, (Handle, Handle*))                                        \
  X(graph_instantiate, cuGraphInstantiateWithFlags, (Handle*, Handle, unsigned long long))     \
  X(graph_upload, cuGraphUpload, (Handle, Handle))                                             \
  X(graph_launch, cuGraphLaunch, (Handle, Handle))                                             \
  X(graph_exec_destroy, cuGraphExecDestroy, (Handle))                                          \
  X(graph_destroy, cuGraphDestroy, (Handle))                                                   \
  X(error_name, cuGetErrorName, (Result, const char**))                                        \
  X(error_text, cuGetErrorString, (Result, const char**))

struct Driver {
  std::string name;
#define ESTOC_DECLARE(field, symbol, arguments) Result(*field) arguments = nullptr;
  ESTOC_DRIVER_FUNCTIONS(ESTOC_DECLARE)
#undef ESTOC_DECLARE

  // Throws Error with `what` and the driver's own words unless `result` is 0.
  void check(Result result, const char* what) const;
};

// Opens a shared library. Throws Error(unsupported), "no GPU driver here: ..." where `kind` is "GPU driver".
void* open_library(const char* library, const char* kind);

// Opens `library` and fills the table; initializes nothing. Throws Error(unsupported).
Driver open_driver(const char* library);

// NVIDIA's driver, initialized, with at least one device. Opened once a process; any thread. Throws Error(unsupported).
const Driver& open_cuda();

// " (CUDA_VISIBLE_DEVICES is '1')" where the environment says which devices a driver shows, else nothing: for sentences
// about devices that are missing.
std::string visible_devices_text();

// Initializes a driver that was opened, and makes sure that it has a device. Throws Error(unsupported).
void start_driver(const Driver& driver);

}  // namespace estoc::gpu
