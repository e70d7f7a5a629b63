#include "gpu/hip.h"

#include <dlfcn.h>

#include "base/error.h"

namespace estoc::gpu {
namespace {

// X(field of the table, HIP's symbol): the same arguments, pointers where the table has addresses.
#define ESTOC_HIP_SAME(X)                                                \
  X(init, hipInit)                                                       \
  X(driver_version, hipDriverGetVersion)                                 \
  X(device_count, hipGetDeviceCount)                                     \
  X(device_get, hipDeviceGet)                                            \
  X(device_name, hipDeviceGetName)                                       \
  X(context_synchronize, hipDeviceSynchronize)                           \
  X(memory_info, hipMemGetInfo)                                          \
  X(module_load, hipModuleLoadData)                                      \
  X(module_unload, hipModuleUnload)                                      \
  X(module_function, hipModuleGetFunction)                               \
  X(function_blocks, hipModuleOccupancyMaxActiveBlocksPerMultiprocessor) \
  X(memory_allocate, hipMalloc)                                          \
  X(memory_free, hipFree)                                                \
  X(host_allocate, hipHostMalloc)                                        \
  X(host_free, hipHostFree)                                              \
  X(host_address, hipHostGetDevicePointer)                               \
  X(copy_to_device, hipMemcpyHtoDAsync)                                  \
  X(copy_to_host, hipMemcpyDtoHAsync)                                    \
  X(copy_on_device, hipMemcpyDtoDAsync)                                  \
  X(fill_words, hipMemsetD32Async)                                       \
  X(stream_create, hipStreamCreateWithFlags)                             \
  X(stream_destroy, hipStreamDestroy)                                    \
  X(stream_synchronize, hipStreamSynchronize)                            \
  X(stream_wait, hipStreamWaitEvent)                                     \
  X(event_create, hipEventCreateWithFlags)                               \
  X(event_destroy, hipEventDestroy)                                      \
  X(event_record, hipEventRecord)                                        \
  X(event_synchronize, hipEventSynchronize)                              \
  X(event_elapsed, hipEventElapsedTime)                                  \
  X(capture_begin, hipStreamBeginCapture)                                \
  X(capture_end, hipStreamEndCapture)                                    \
  X(graph_instantiate, hipGraphInstantiateWithFlags)                     \
  X(graph_launch, hipGraphLaunch)                                        \
  X(graph_exec_destroy, hipGraphExecDestroy)                             \
  X(graph_destroy, hipGraphDestroy)

// X(name here, HIP's symbol, what it returns, arguments): called by the translations below.
#define ESTOC_HIP_TRANSLATED(X)                                                                             \
  X(attribute, hipDeviceGetAttribute, Result, (int*, int, int))                                             \
  X(set_device, hipSetDevice, Result, (int))                                                                \
  X(launch, hipModuleLaunchKernel, Result,                                                                  \
    (Handle, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, Handle, void**, void**)) \
  X(error_name, hipGetErrorName, const char*, (Result))                                                     \
  X(error_text, hipGetErrorString, const char*, (Result))

struct HipFunctions {
#define ESTOC_DECLARE(name, symbol, returned, arguments) returned(*name) arguments = nullptr;
  ESTOC_HIP_TRANSLATED(ESTOC_DECLARE)
#undef ESTOC_DECLARE
};
HipFunctions g_hip;

constexpr Result kInvalid = 1;
constexpr int kSharedBytesMax = 64 << 10;  // of a block on every card; none has to be asked for more

// HIP's numbers since ROCm 5.
Result device_attribute(int* value, int attribute, int device) {
  constexpr int kL2Bytes = 19, kMultiprocessors = 63, kWaveLanes = 87;
  switch (static_cast<DeviceAttribute>(attribute)) {
    case DeviceAttribute::wave_lanes:
      return g_hip.attribute(value, kWaveLanes, device);
    case DeviceAttribute::multiprocessors:
      return g_hip.attribute(value, kMultiprocessors, device);
    case DeviceAttribute::l2_bytes:
      return g_hip.attribute(value, kL2Bytes, device);
    case DeviceAttribute::major:
    case DeviceAttribute::minor:
      return *value = 0, 0;
  }
  return kInvalid;
}

// A context is its device's number plus one.
Result context_retain(Handle* context, int device) {
  return *context = reinterpret_cast<Handle>(static_cast<intptr_t>(device) + 1), 0;
}
Result context_release(int) { return 0; }
Result context_use(Handle context) {
  return g_hip.set_device(static_cast<int>(reinterpret_cast<intptr_t>(context)) - 1);
}

Result function_attribute(Handle, int attribute, int value) {
  const bool is_shared = attribute == static_cast<int>(FunctionAttribute::dynamic_shared_bytes);
  return is_shared && value <= kSharedBytesMax ? 0 : kInvalid;
}

Result launch(const LaunchConfig* config, Handle function, void** arguments, void**) {
  if (config->attribute_count != 0) return kInvalid;
  return g_hip.launch(function, config->grid_x, config->grid_y, config->grid_z, config->block_x, config->block_y,
                      config->block_z, config->shared_bytes, config->stream, arguments, nullptr);
}

Result graph_upload(Handle, Handle) { return 0; }  // the first launch does

Result error_name(Result result, const char** name) { return *name = g_hip.error_name(result), 0; }
Result error_text(Result result, const char** text) { return *text = g_hip.error_text(result), 0; }

template <class Function>
void find(void* library, const char* library_name, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, symbol));
  if (function != nullptr) return;
  dlclose(library);
  fail(ErrorCode::unsupported, "the HIP library {} is too old or not one: it lacks {}", library_name, symbol);
}

}  // namespace

Driver open_hip_driver(const char* library) {
  void* opened = open_library(library, "HIP library");
  Driver driver;
  driver.name = library;
#define ESTOC_FIND(field, symbol) find(opened, library, #symbol, driver.field);
  ESTOC_HIP_SAME(ESTOC_FIND)
#undef ESTOC_FIND
  HipFunctions functions;
#define ESTOC_FIND(name, symbol, returned, arguments) find(opened, library, #symbol, functions.name);
  ESTOC_HIP_TRANSLATED(ESTOC_FIND)
#undef ESTOC_FIND
  g_hip = functions;
  driver.device_attribute = device_attribute;
  driver.context_retain = context_retain;
  driver.context_release = context_release;
  driver.context_use = context_use;
  driver.function_attribute = function_attribute;
  driver.launch = launch;
  driver.graph_upload = graph_upload;
  driver.error_name = error_name;
  driver.error_text = error_text;
  return driver;
}

const Driver& open_hip() {
  static const Driver driver = [] {
    constexpr const char* kLibraries[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"};
    const char* found = kLibraries[0];
    for (const char* library : kLibraries) {
      void* opened = dlopen(library, RTLD_NOW | RTLD_LOCAL);
      if (opened == nullptr) continue;
      found = library;
      dlclose(opened);
      break;
    }
    Driver opened = open_hip_driver(found);
    start_driver(opened);
    return opened;
  }();
  return driver;
}

}  // namespace estoc::gpu
