#include "gpu/device.h"

#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace estoc::gpu {
namespace {

constexpr unsigned kNonBlocking = 1;  // a stream: independent of the default one
constexpr unsigned kNoTiming = 2;     // an event
constexpr int kCaptureRelaxed = 2;    // nothing else uses the context while a graph is recorded
constexpr int kDefaultSharedBytes = 48 << 10;

}  // namespace

int capability_of(const Driver& driver, int index) {
  int count = 0, device = 0, major = 0, minor = 0;
  driver.check(driver.device_count(&count), "counting devices");
  if (index >= count) {
    fail(ErrorCode::invalid_argument, "there is no device {}: {} has {}, counted from 0{}", index, driver.name, count,
         visible_devices_text());
  }
  driver.check(driver.device_get(&device, index), "finding the device");
  driver.check(driver.device_attribute(&major, static_cast<int>(DeviceAttribute::major), device), "reading its limits");
  driver.check(driver.device_attribute(&minor, static_cast<int>(DeviceAttribute::minor), device), "reading its limits");
  return major * 10 + minor;
}

Device::Device(const Driver& driver, int index)
    : capability(capability_of(driver, index)), driver_(driver), index_(index) {
  int device = 0, l2 = 0;
  char text[256] = "";
  driver_.check(driver_.device_get(&device, index), "finding the device");
  driver_.check(driver_.device_name(text, sizeof(text), device), "reading the device's name");
  auto read = [&](DeviceAttribute attribute, int& value) {
    driver_.check(driver_.device_attribute(&value, static_cast<int>(attribute), device), "reading the device's limits");
  };
  read(DeviceAttribute::multiprocessors, multiprocessors);
  read(DeviceAttribute::l2_bytes, l2);
  read(DeviceAttribute::wave_lanes, wave_lanes);
  driver_.check(driver_.driver_version(&driver_version), "reading the driver's version");
  name = text;
  l2_bytes = static_cast<size_t>(l2);
  driver_.check(driver_.context_retain(&context_, device), "making a context");
  use();
  driver_.check(driver_.stream_create(&stream_, kNonBlocking), "making a stream");
}

Device::~Device() {
  driver_.stream_destroy(stream_);
  driver_.context_release(index_);
}

void Device::use() const { driver_.check(driver_.context_use(context_), "using the context"); }

void Device::synchronize() const { driver_.check(driver_.stream_synchronize(stream_), "running the stream's work"); }

void Device::allow_shared(Handle function, int bytes) const {
  int& allowed = shared_[function];
  if (allowed >= bytes) return;
  const int attribute = static_cast<int>(FunctionAttribute::dynamic_shared_bytes);
  driver_.check(driver_.function_attribute(function, attribute, bytes), "asking for shared memory");
  allowed = bytes;
}

HostBuffer::HostBuffer(const Device& device, size_t bytes) : device_(device), bytes_(bytes) {
  device_.driver().check(device_.driver().host_allocate(&memory_, bytes, 0), "allocating pinned memory");
}

HostBuffer::HostBuffer(HostBuffer&& other) noexcept
    : device_(other.device_), memory_(std::exchange(other.memory_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

HostBuffer::~HostBuffer() {
  if (memory_ != nullptr) device_.driver().host_free(memory_);
}

Buffer::Buffer(const Device& device, size_t bytes) : device_(device), bytes_(bytes) {
  device_.driver().check(device_.driver().memory_allocate(&address_, bytes), "allocating device memory");
}

Buffer::Buffer(Buffer&& other) noexcept
    : device_(other.device_), address_(std::exchange(other.address_, 0)), bytes_(std::exchange(other.bytes_, 0)) {}

Buffer::~Buffer() {
  if (address_ != 0) device_.driver().memory_free(address_);
}

void Buffer::upload(const void* from, size_t bytes, size_t offset) {
  begin_upload(from, bytes, offset);
  device_.synchronize();
}

void Buffer::download(void* to, size_t bytes, size_t offset) const {
  begin_download(to, bytes, offset);
  device_.synchronize();
}

void Buffer::begin_upload(const void* from, size_t bytes, size_t offset) {
  begin_upload(from, bytes, offset, device_.stream());
}

void Buffer::begin_upload(const void* from, size_t bytes, size_t offset, Handle stream) {
  ESTOC_CHECK(offset <= bytes_ && bytes <= bytes_ - offset);
  const Driver& driver = device_.driver();
  driver.check(driver.copy_to_device(address_ + offset, from, bytes, stream), "copying to the device");
}

void Buffer::begin_download(void* to, size_t bytes, size_t offset) const {
  ESTOC_CHECK(offset <= bytes_ && bytes <= bytes_ - offset);
  const Driver& driver = device_.driver();
  driver.check(driver.copy_to_host(to, address_ + offset, bytes, device_.stream()), "copying from the device");
}

void Buffer::begin_copy(size_t from, size_t to, size_t bytes) {
  ESTOC_CHECK(from <= bytes_ && bytes <= bytes_ - from && to <= bytes_ && bytes <= bytes_ - to);
  const Driver& driver = device_.driver();
  driver.check(driver.copy_on_device(address_ + to, address_ + from, bytes, device_.stream()), "copying on the device");
}

void Buffer::fill(uint32_t word) {
  const Driver& driver = device_.driver();
  driver.check(driver.fill_words(address_, word, bytes_ / 4, device_.stream()), "filling device memory");
}

Event::Event(const Device& device) : device_(device) {
  device_.driver().check(device_.driver().event_create(&event_, kNoTiming), "making an event");
}

Event::~Event() { device_.driver().event_destroy(event_); }

void Event::record(Handle stream) const {
  device_.driver().check(device_.driver().event_record(event_, stream), "recording an event");
}

void Event::let_wait(Handle stream) const {
  device_.driver().check(device_.driver().stream_wait(stream, event_, 0), "ordering two streams");
}

void Event::wait() const {
  device_.driver().check(device_.driver().event_synchronize(event_), "running the stream's work");
}

CopyLane::CopyLane(const Device& device) : device_(device), event_(device) {
  device_.driver().check(device_.driver().stream_create(&stream_, kNonBlocking), "making a stream");
}

CopyLane::~CopyLane() {
  device_.driver().stream_synchronize(stream_);  // what is on its way reads and writes memory that goes next
  device_.driver().stream_destroy(stream_);
}

void CopyLane::follow_device() {
  event_.record(device_.stream());
  event_.let_wait(stream_);
}

void CopyLane::let_device_follow() {
  event_.record(stream_);
  event_.let_wait(device_.stream());
}

Module::Module(const Device& device, const void* image) : device_(device) {
  const Result result = device_.driver().module_load(&module_, image);
  if (result == kNoImageFits) {
    fail(ErrorCode::unsupported, "this build has no kernels for {}: none of its images fits", device.name);
  }
  device_.driver().check(result, "loading the kernels");
}

Module::~Module() { device_.driver().module_unload(module_); }

Handle Module::function(const std::string& name) const {
  Handle function = nullptr;
  const std::string what = "looking for the kernel " + name;
  device_.driver().check(device_.driver().module_function(&function, module_, name.c_str()), what.c_str());
  return function;
}

Handle Module::find(const std::string& name) const {
  Handle function = nullptr;
  const Result result = device_.driver().module_function(&function, module_, name.c_str());
  return result == 0 ? function : nullptr;
}

void launch_raw(const Device& device, Handle function, const LaunchShape& shape, void** arguments) {
  const Driver& driver = device.driver();
  if (shape.shared_bytes > kDefaultSharedBytes) device.allow_shared(function, shape.shared_bytes);
  LaunchAttribute attributes[2] = {};
  unsigned count = 0;
  if (shape.may_overlap && device.capability >= 90) {
    attributes[count].id = kProgrammaticLaunch;
    attributes[count++].value.flag = 1;
  }
  if (shape.cluster > 1) {
    LaunchAttribute& cluster = attributes[count++];
    cluster.id = kClusterDimension;
    cluster.value.dimension[0] = static_cast<unsigned>(shape.cluster);
    cluster.value.dimension[1] = cluster.value.dimension[2] = 1;
  }
  const LaunchConfig config{static_cast<unsigned>(shape.blocks),
                            static_cast<unsigned>(shape.blocks_y),
                            1,
                            static_cast<unsigned>(shape.threads * (device.wave_lanes / kWarpThreads)),
                            1,
                            1,
                            static_cast<unsigned>(shape.shared_bytes),
                            device.stream(),
                            attributes,
                            count};
  driver.check(driver.launch(&config, function, arguments, nullptr), "launching a kernel");
}

Graph::Graph(const Device& device, const std::function<void()>& record) : device_(device) {
  const Driver& driver = device_.driver();
  driver.check(driver.capture_begin(device_.stream(), kCaptureRelaxed), "recording a graph");
  try {
    record();
  } catch (...) {
    if (driver.capture_end(device_.stream(), &graph_) == 0) driver.graph_destroy(graph_);
    throw;
  }
  driver.check(driver.capture_end(device_.stream(), &graph_), "recording a graph");
  driver.check(driver.graph_instantiate(&exec_, graph_, 0), "instantiating a graph");
  driver.check(driver.graph_upload(exec_, device_.stream()), "uploading a graph");
}

Graph::~Graph() {
  if (exec_ != nullptr) device_.driver().graph_exec_destroy(exec_);
  device_.driver().graph_destroy(graph_);
}

void Graph::launch() const {
  device_.driver().check(device_.driver().graph_launch(exec_, device_.stream()), "launching a graph");
}

Stopwatch::Stopwatch(const Device& device) : device_(device) {
  device_.driver().check(device_.driver().event_create(&begin_, 0), "making an event");
  device_.driver().check(device_.driver().event_create(&end_, 0), "making an event");
}

Stopwatch::~Stopwatch() {
  device_.driver().event_destroy(begin_);
  device_.driver().event_destroy(end_);
}

void Stopwatch::start() {
  device_.driver().check(device_.driver().event_record(begin_, device_.stream()), "recording an event");
}

double Stopwatch::stop() {
  const Driver& driver = device_.driver();
  float milliseconds = 0;
  driver.check(driver.event_record(end_, device_.stream()), "recording an event");
  driver.check(driver.event_synchronize(end_), "running the stream's work");
  driver.check(driver.event_elapsed(&milliseconds, begin_, end_), "reading the time");
  return milliseconds * 1e-3;
}

}  // namespace estoc::gpu
