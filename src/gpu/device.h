// One GPU as objects: the device with its context and stream, memory, modules, graphs, events. Everything throws Error.
//
// A Device belongs to one thread at a time (`use()` makes it the calling thread's). What is made from a device may not
// outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gpu/driver.h"

namespace estoc::gpu {

inline constexpr int kWarpThreads = 32;

class Device {
 public:
  explicit Device(const Driver& driver, int index = 0);  // throws when there are not so many
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  bool is_amd() const { return capability == 0; }
  void use() const;
  void synchronize() const;  // the stream's work is done, or throws what went wrong in it
  const Driver& driver() const { return driver_; }
  Handle stream() const { return stream_; }
  // Lets launches of the kernel have so much dynamic shared memory; asked of the driver once.
  void allow_shared(Handle function, int bytes) const;

  std::string name;
  int multiprocessors = 0;
  int capability = 0;  // 90 means 9.0; 0: not a card of NVIDIA's
  int wave_lanes = kWarpThreads;
  size_t l2_bytes = 0;
  int driver_version = 0;

 private:
  const Driver& driver_;
  int index_ = 0;
  Handle context_ = nullptr;
  Handle stream_ = nullptr;
  mutable std::map<Handle, int> shared_;  // by kernel, what was allowed
};

// 90 for a device of capability 9.0, without making a context.
int capability_of(const Driver& driver, int index);

// Main memory that the device copies from and to without the CPU's help.
class HostBuffer {
 public:
  HostBuffer(const Device& device, size_t bytes);
  ~HostBuffer();
  HostBuffer(HostBuffer&& other) noexcept;
  HostBuffer(const HostBuffer&) = delete;
  HostBuffer& operator=(const HostBuffer&) = delete;

  size_t bytes() const { return bytes_; }
  template <class T>
  T* as(size_t byte_offset = 0) const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(memory_) + byte_offset);
  }

 private:
  const Device& device_;
  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

class Buffer {
 public:
  Buffer(const Device& device, size_t bytes);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  size_t bytes() const { return bytes_; }
  Address address() const { return address_; }
  // The address as kernels' arguments spell it; not to be followed on the host.
  template <class T>
  T* as(size_t byte_offset = 0) const {
    return reinterpret_cast<T*>(address_ + byte_offset);
  }

  // On the device's stream. upload() and download() return when it is done; `bytes` at `offset` must lie inside.
  void upload(const void* from, size_t bytes, size_t offset = 0);
  void download(void* to, size_t bytes, size_t offset = 0) const;
  void fill(uint32_t word);  // every whole word
  // The same, but only begun: the host's memory must stay as it is until the stream has come there. A stream other than
  // the device's is a CopyLane's.
  void begin_upload(const void* from, size_t bytes, size_t offset = 0);
  void begin_upload(const void* from, size_t bytes, size_t offset, Handle stream);
  void begin_download(void* to, size_t bytes, size_t offset = 0) const;
  void begin_copy(size_t from, size_t to, size_t bytes);  // inside the buffer

  template <class T>
  static Buffer of(const Device& device, const std::vector<T>& values) {
    Buffer buffer(device, values.size() * sizeof(T));
    buffer.upload(values.data(), buffer.bytes());
    return buffer;
  }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> all(bytes_ / sizeof(T));
    download(all.data(), all.size() * sizeof(T));
    return all;
  }

 private:
  const Device& device_;
  Address address_ = 0;
  size_t bytes_ = 0;
};

// A point of a stream.
class Event {
 public:
  explicit Event(const Device& device);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(Handle stream) const;  // here
  void let_wait(Handle stream) const;  // what is put on this stream next comes behind the point
  void wait() const;                   // the stream has come there, or throws what went wrong before

 private:
  const Device& device_;
  Handle event_ = nullptr;
};

// A second stream of a device, for copies beside what is computed.
class CopyLane {
 public:
  explicit CopyLane(const Device& device);
  ~CopyLane();
  CopyLane(const CopyLane&) = delete;
  CopyLane& operator=(const CopyLane&) = delete;
  Handle stream() const { return stream_; }
  // What is put on the lane next comes behind what the device's stream has now; and the other way round.
  void follow_device();
  void let_device_follow();

 private:
  const Device& device_;
  Event event_;
  Handle stream_ = nullptr;
};

// The kernels of an image (a cubin or PTX text that ends with 0). The emulator takes any image.
class Module {
 public:
  Module(const Device& device, const void* image);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  Handle function(const std::string& name) const;  // throws when it has none of that name
  Handle find(const std::string& name) const;      // null then

 private:
  const Device& device_;
  Handle module_ = nullptr;
};

struct LaunchShape {
  int blocks = 1;
  int blocks_y = 1;
  int threads = 32;  // where a wave has 64 lanes, a thread is two of them (source/amd_wave.h)
  int shared_bytes = 0;
  bool may_overlap = true;  // programmatic dependent launch after the kernel before it
  int cluster = 1;  // neighbouring blocks that run together (capability 9.0 on), of which `blocks` is a multiple
};

// Puts one kernel on the device's stream. `arguments` is the struct the kernel takes by value.
void launch_raw(const Device& device, Handle function, const LaunchShape& shape, void** arguments);
template <class Arguments>
void launch(const Device& device, Handle function, const LaunchShape& shape, const Arguments& arguments) {
  Arguments copy = arguments;
  void* list[] = {&copy};
  launch_raw(device, function, shape, list);
}

// What `record` puts on the device's stream, as one thing to launch again and again.
class Graph {
 public:
  Graph(const Device& device, const std::function<void()>& record);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  void launch() const;

 private:
  const Device& device_;
  Handle graph_ = nullptr;
  Handle exec_ = nullptr;
};

// Time between two points of the device's stream.
class Stopwatch {
 public:
  explicit Stopwatch(const Device& device);
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  void start();
  double stop();  // waits; seconds since start()

 private:
  const Device& device_;
  Handle begin_ = nullptr;
  Handle end_ = nullptr;
};

}  // namespace estoc::gpu
