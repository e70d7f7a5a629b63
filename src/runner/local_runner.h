// Runs a model of this process on the thread that waits: model, keys and values, logits, readers of rows.
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "runner/kv_populator.h"
#include "runner/row_readers.h"
#include "runner/runner.h"

namespace estoc {

class LocalRunner final : public Runner {
 public:
  // Borrows both. `team` is the model's; without one rows are read by the caller alone.
  LocalRunner(const Model& model, ThreadTeam* team) : model_(model), readers_(team) {}

  const ModelInfo& info() const override { return model_.info(); }
  void open(const RunLimits& limits) override;
  void submit(const StepInput& input) override;
  bool is_computing() const override { return on_the_way_ > 0 && oldest().has_begun; }
  bool can_follow(const Batch& batch) const override;
  void wait() override;
  void keep_ahead(int group, int reach) override { populator_->keep_ahead(group, reach); }
  void set_idle(bool is_idle) override { populator_->set_idle(is_idle); }

 private:
  // A step from submit to wait.
  struct Flight {
    StepInput input;
    std::unique_ptr<float[]> logits;  // [logit_rows_max, vocab]
    std::vector<RowChoice> choices;
    bool has_begun = false;      // and a device computes it
    std::exception_ptr failure;  // of submit, for wait to throw
  };
  const Flight& oldest() const { return flights_[first_]; }
  void copy_blocks(const StepInput& input);

  const Model& model_;
  RowReaders readers_;
  std::unique_ptr<ModelScratch> scratch_;
  std::optional<StateStorage> storage_;  // slots of the swap space included
  std::vector<int> block_counts_;        // [groups], without them
  std::optional<KvPopulator> populator_;
  size_t logits_count_ = 0;
  std::array<Flight, 2> flights_;
  size_t first_ = 0, on_the_way_ = 0;  // the oldest of so many
};

}  // namespace estoc
