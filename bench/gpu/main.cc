// gpu_check STAGE... [--image FILE] [--seconds N] [--roof GB/s] [--filter TEXT] [--small] [--emulator | --hip]
// Stages: version, correct, kernels, linear, step (step1, step16: of so many sequences), prompt, gemm. After `kernels`
// the others know the card's reading rate.
// --hip: a card of AMD, on which only version and correct are meant to run. Exits 1 when a check failed, 3 when there
// is no device.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "base/error.h"
#include "gpu/emulator.h"
#include "gpu/hip.h"
#include "gpu/images.h"
#include "session.h"

namespace {

using estoc::gpu::Session;

struct Options {
  std::vector<std::string> stages;
  std::string image, filter;
  double seconds = 60, roof = 0;
  bool is_emulated = false, is_hip = false,
       is_small = false;  // small: tiny shapes, for the emulator and for sanitizers
};

Options read_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const char* value = i + 1 < count ? words[i + 1] : "";
    if (word == "--emulator") {
      options.is_emulated = options.is_small = true;
    } else if (word == "--hip") {
      options.is_hip = true;
    } else if (word == "--small") {
      options.is_small = true;
    } else if (word == "--filter") {
      options.filter = value;
      ++i;
    } else if (word == "--image" || word == "--seconds" || word == "--roof") {
      (word == "--image") ? void(options.image = value)
                          : void((word == "--roof" ? options.roof : options.seconds) = std::atof(value));
      ++i;
    } else {
      options.stages.push_back(word);
    }
  }
  return options;
}

bool run_stage(Session& session, const std::string& stage) {
  using namespace estoc::gpu;  // NOLINT: a list of its functions
  if (stage == "correct") return run_correct(session);
  if (stage == "kernels") return run_kernels(session);
  if (stage == "linear") return run_linear(session);
  constexpr int kCounts[] = {1, 8, 16};
  if (stage == "step") return run_step(session, std::span(kCounts, 2));
  if (stage == "step1") return run_step(session, std::span(kCounts, 1));
  if (stage == "step16") return run_step(session, std::span(kCounts).subspan(2));
  if (stage == "prompt") return run_prompt(session);
  if (stage == "gemm") return run_gemm(session);
  estoc::fail(estoc::ErrorCode::invalid_argument, "no stage '{}'", stage);
}

int run(const Options& options) {
  const estoc::gpu::Driver& driver = options.is_emulated ? estoc::gpu::emulator()
                                     : options.is_hip    ? estoc::gpu::open_hip()
                                                         : estoc::gpu::open_cuda();
  const estoc::gpu::Device device(driver);
  std::string file;
  const void* image = "";
  std::shared_ptr<const void> unpacked;
  const char* name = "emulated";
  if (!options.image.empty()) {
    std::ifstream stream(options.image, std::ios::binary);
    file.assign(std::istreambuf_iterator<char>(stream), {});
    if (file.empty()) estoc::fail(estoc::ErrorCode::not_found, "{} cannot be read", options.image);
    image = file.c_str();
    name = options.image.c_str();
  } else if (!options.is_emulated) {
    const estoc::gpu::Image* found = options.is_hip ? estoc::gpu::image_for_hip(estoc::gpu::images())
                                                    : estoc::gpu::image_for(estoc::gpu::images(), device.capability);
    if (found == nullptr) estoc::fail(estoc::ErrorCode::unsupported, "no image for {}", device.name);
    unpacked = estoc::gpu::unpack(*found);
    image = unpacked.get();
    name = found->name;
  }
  const estoc::gpu::Module module(device, image);
  std::printf("%s, capability %d, %d multiprocessors, driver %d, image %s\n", device.name.c_str(), device.capability,
              device.multiprocessors, device.driver_version, name);
  const double roof = options.roof > 0 ? options.roof * 1e9 : 3.0e12;
  Session session{device, module, options.is_small, roof};
  session.filter = options.filter;
  session.deadline = estoc::gpu::now() + options.seconds;
  bool is_good = true;
  for (const std::string& stage : options.stages) {
    const double begin = estoc::gpu::now();
    is_good &= stage == "version" || run_stage(session, stage);
    std::printf("stage %s: %.1f s\n", stage.c_str(), estoc::gpu::now() - begin);
  }
  return is_good ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  try {
    return run(read_options(count, words));
  } catch (const estoc::Error& error) {
    std::printf("! %s\n", error.what());
    return error.code() == estoc::ErrorCode::unsupported ? 3 : 1;
  }
}
