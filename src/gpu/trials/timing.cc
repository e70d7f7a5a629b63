#include "gpu/trials/timing.h"

#include <algorithm>
#include <vector>

namespace estoc::gpu {

double seconds_each(const Device& device, int count, const std::function<void(int)>& record, int replays) {
  const Graph graph(device, [&] {
    for (int i = 0; i < count; ++i) record(i);
  });
  Stopwatch watch(device);
  graph.launch();
  device.synchronize();
  std::vector<double> times;
  for (int i = 0; i < replays; ++i) {
    watch.start();
    graph.launch();
    times.push_back(watch.stop() / count);
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace estoc::gpu
