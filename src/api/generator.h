// What the server needs of an engine: submit, cancel, complete and counts. Tests put their own in its place.
// Threads: all from any thread. Errors: submit throws Error as Engine::submit does.
#pragma once

#include <optional>
#include <vector>

#include "engine/engine.h"

namespace estoc::api {

class Generator {
 public:
  virtual ~Generator() = default;
  virtual SubmitResult submit(Request request, EventSink sink) = 0;
  virtual void cancel(RequestId id) = 0;
  virtual void complete(RequestId id) = 0;
  virtual EngineStats stats() const { return {}; }
  // The last steps, oldest first; nothing where none are kept.
  virtual std::optional<std::vector<StepRecord>> last_steps() const { return std::nullopt; }
};

// The engine as a generator. The engine must outlive it.
class EngineGenerator : public Generator {
 public:
  explicit EngineGenerator(Engine& engine) : engine_(engine) {}
  SubmitResult submit(Request request, EventSink sink) override {
    return engine_.submit(std::move(request), std::move(sink));
  }
  void cancel(RequestId id) override { engine_.cancel(id); }
  void complete(RequestId id) override { engine_.complete(id); }
  EngineStats stats() const override { return engine_.stats(); }
  std::optional<std::vector<StepRecord>> last_steps() const override {
    if (engine_.config().steps_kept == 0) return std::nullopt;
    return engine_.last_steps();
  }

 private:
  Engine& engine_;
};

}  // namespace estoc::api
