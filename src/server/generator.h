// What the server needs of an engine: submit and cancel. Tests put their own in its place.
// Threads: both from any thread. Errors: submit throws Error as Engine::submit does.
#pragma once

#include "engine/engine.h"

namespace estoc {

class Generator {
 public:
  virtual ~Generator() = default;
  virtual SubmitResult submit(Request request, EventSink sink) = 0;
  virtual void cancel(RequestId id) = 0;
};

// The engine as a generator. The engine must outlive it.
class EngineGenerator : public Generator {
 public:
  explicit EngineGenerator(Engine& engine) : engine_(engine) {}
  SubmitResult submit(Request request, EventSink sink) override {
    return engine_.submit(std::move(request), std::move(sink));
  }
  void cancel(RequestId id) override { engine_.cancel(id); }

 private:
  Engine& engine_;
};

}  // namespace estoc
