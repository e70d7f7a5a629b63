// One encoder with everything that makes it answer: checkpoint, threads, packed weights, encoder and engine.
//
// Ownership: owns them all, built in that order and destroyed in reverse. Threads: made and destroyed by one thread;
// what the parts allow while it lives. Errors: the constructor and the functions throw Error with one sentence.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include "base/thread_team.h"
#include "checkpoint/checkpoint.h"
#include "encoding/encoding_engine.h"
#include "models/encoder.h"
#include "packs/pack_cache.h"
#include "serving/machine_share.h"
#include "serving/model_settings.h"

namespace estoc {

// Throws Error{unsupported} for what settings ask of an encoder that only models which generate have: a device.
void check_encoder_settings(const ModelSettings& settings, const Checkpoint& checkpoint);

// Settings as options of loading. Throws Error{invalid_argument} for those that do not go together.
EncoderOptions encoder_options(const ModelSettings& settings);

// The engine's configuration with nothing left open.
EncodingConfig plan_encoder(const ModelSettings& settings);

struct ServedEncoder {
  // Loads the weights of `opened`, on `cpus`. `progress` may be empty.
  ServedEncoder(Checkpoint&& opened, const ModelSettings& settings, CpuShare cpus, Pinning pinning,
                const std::function<void(uint64_t done, uint64_t total)>& progress);

  const ModelSettings settings;
  const std::string name;
  const Checkpoint checkpoint;
  ThreadTeam team;
  std::unique_ptr<PackCache> packs;  // null when nothing is kept
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<EncodingEngine> engine;
  const std::time_t created = std::time(nullptr);  // when it was loaded
};

}  // namespace estoc
