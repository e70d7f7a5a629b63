// A library with HIP's symbols and signatures, for hip_test.cc: what is called is answered by the table that the test
// hands over, so that kernels run through hip.cc on an emulated card.
#include <cstring>

#include "gpu/driver.h"

using estoc::gpu::Address;
using estoc::gpu::DeviceAttribute;
using estoc::gpu::Driver;
using estoc::gpu::LaunchConfig;

namespace {

const Driver* g_card = nullptr;
int g_device = -1;

Address address_of(const void* p) { return reinterpret_cast<Address>(p); }

}  // namespace

extern "C" {

void fake_hip_card(const Driver* card) { g_card = card; }
int fake_hip_device() { return g_device; }

int hipInit(unsigned flags) { return g_card->init(flags); }
int hipDriverGetVersion(int* version) { return *version = 60342131, 0; }
int hipGetDeviceCount(int* count) { return g_card->device_count(count); }
int hipDeviceGet(int* device, int index) { return g_card->device_get(device, index); }
int hipDeviceGetName(char* name, int length, int device) { return g_card->device_name(name, length, device); }
int hipDeviceGetAttribute(int* value, int attribute, int device) {
  auto read = [&](DeviceAttribute of) { return g_card->device_attribute(value, static_cast<int>(of), device); };
  switch (attribute) {
    case 19:
      return read(DeviceAttribute::l2_bytes);
    case 63:
      return read(DeviceAttribute::multiprocessors);
    case 87:
      return read(DeviceAttribute::wave_lanes);
    default:
      return 1;
  }
}
int hipSetDevice(int device) { return g_device = device, 0; }
int hipDeviceSynchronize() { return g_card->context_synchronize(); }
int hipMemGetInfo(size_t* free, size_t* total) { return g_card->memory_info(free, total); }

int hipModuleLoadData(void** module, const void* image) {
  if (std::strcmp(static_cast<const char*>(image), "for another card") == 0) return 209;
  return g_card->module_load(module, image);
}
int hipModuleUnload(void* module) { return g_card->module_unload(module); }
int hipModuleGetFunction(void** function, void* module, const char* name) {
  return g_card->module_function(function, module, name);
}
int hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* function, int threads, size_t shared) {
  return g_card->function_blocks(blocks, function, threads, shared);
}
int hipModuleLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                          unsigned block_y, unsigned block_z, unsigned shared, void* stream, void** arguments,
                          void** extra) {
  const LaunchConfig config{grid_x, grid_y, grid_z, block_x, block_y, block_z, shared, stream, nullptr, 0};
  return g_card->launch(&config, function, arguments, extra);
}

int hipMalloc(void** memory, size_t bytes) {
  return g_card->memory_allocate(reinterpret_cast<Address*>(memory), bytes);
}
int hipFree(void* memory) { return g_card->memory_free(address_of(memory)); }
int hipHostMalloc(void** memory, size_t bytes, unsigned flags) { return g_card->host_allocate(memory, bytes, flags); }
int hipHostFree(void* memory) { return g_card->host_free(memory); }
int hipHostGetDevicePointer(void** device, void* memory, unsigned flags) {
  return g_card->host_address(reinterpret_cast<Address*>(device), memory, flags);
}
int hipMemcpyHtoDAsync(void* to, const void* from, size_t bytes, void* stream) {
  return g_card->copy_to_device(address_of(to), from, bytes, stream);
}
int hipMemcpyDtoHAsync(void* to, void* from, size_t bytes, void* stream) {
  return g_card->copy_to_host(to, address_of(from), bytes, stream);
}
int hipMemcpyDtoDAsync(void* to, void* from, size_t bytes, void* stream) {
  return g_card->copy_on_device(address_of(to), address_of(from), bytes, stream);
}
int hipMemsetD32Async(void* to, int word, size_t words, void* stream) {
  return g_card->fill_words(address_of(to), static_cast<unsigned>(word), words, stream);
}

int hipStreamCreateWithFlags(void** stream, unsigned flags) { return g_card->stream_create(stream, flags); }
int hipStreamDestroy(void* stream) { return g_card->stream_destroy(stream); }
int hipStreamSynchronize(void* stream) { return g_card->stream_synchronize(stream); }
int hipStreamWaitEvent(void* stream, void* event, unsigned flags) {
  return g_card->stream_wait(stream, event, flags);
}
int hipEventCreateWithFlags(void** event, unsigned flags) { return g_card->event_create(event, flags); }
int hipEventDestroy(void* event) { return g_card->event_destroy(event); }
int hipEventRecord(void* event, void* stream) { return g_card->event_record(event, stream); }
int hipEventSynchronize(void* event) { return g_card->event_synchronize(event); }
int hipEventElapsedTime(float* milliseconds, void* from, void* to) {
  return g_card->event_elapsed(milliseconds, from, to);
}
int hipStreamBeginCapture(void* stream, int mode) { return g_card->capture_begin(stream, mode); }
int hipStreamEndCapture(void* stream, void** graph) { return g_card->capture_end(stream, graph); }
int hipGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long flags) {
  return g_card->graph_instantiate(exec, graph, flags);
}
int hipGraphLaunch(void* exec, void* stream) { return g_card->graph_launch(exec, stream); }
int hipGraphExecDestroy(void* exec) { return g_card->graph_exec_destroy(exec); }
int hipGraphDestroy(void* graph) { return g_card->graph_destroy(graph); }

const char* hipGetErrorName(int result) { return result == 209 ? "hipErrorNoBinaryForGpu" : "hipErrorOutOfMemory"; }
const char* hipGetErrorString(int) { return "in HIP's words"; }

}  // extern "C"
