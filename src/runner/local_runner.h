// Runs a model of this process on the thread that waits: model, keys and values, logits, readers of rows.
#pragma once

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
  bool is_computing() const override { return has_begun_; }
  void wait() override;
  void keep_ahead(int group, int reach) override { populator_->keep_ahead(group, reach); }
  void set_idle(bool is_idle) override { populator_->set_idle(is_idle); }

 private:
  void copy_blocks(const StepInput& input);

  const Model& model_;
  RowReaders readers_;
  std::unique_ptr<ModelScratch> scratch_;
  std::optional<StateStorage> storage_;  // slots of the swap space included
  std::vector<int> block_counts_;        // [groups], without them
  std::optional<KvPopulator> populator_;
  std::unique_ptr<float[]> logits_;  // [logit_rows_max, vocab]
  std::vector<RowChoice> choices_;
  std::optional<StepInput> submitted_;
  bool has_begun_ = false;      // and a device computes it
  std::exception_ptr failure_;  // of submit, for wait to throw
};

}  // namespace estoc
