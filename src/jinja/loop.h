// `loop` inside a for: where the iteration is. Called, it runs the loop's body over other items (recursive loops).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "jinja/object.h"
#include "jinja/scope.h"

namespace estoc::jinja {

class Loop : public Object {
 public:
  Loop(const ForStmt& stmt, ScopePtr scope, std::shared_ptr<const Sequence> items, int depth)
      : stmt_(stmt), scope_(std::move(scope)), items_(std::move(items)), loop_depth_(depth) {}

  void advance() { ++index0_; }

  const char* type_name() const override { return "LoopContext"; }
  std::string print() const override;
  bool is_callable() const override { return true; }
  Value call(Evaluator& evaluator, Arguments& arguments) override;
  std::optional<Value> attribute(std::string_view name) const override;
  int depth() const override { return items_->depth + 1; }
  std::optional<int64_t> length() const override { return size(); }

  Value cycled(const Values& values) const;
  bool has_changed(Values values);  // since it was last asked

 private:
  int64_t size() const { return static_cast<int64_t>(items_->items.size()); }
  Value neighbour(int64_t at, const char* reason) const;

  const ForStmt& stmt_;
  const ScopePtr scope_;  // where the loop is written
  const std::shared_ptr<const Sequence> items_;
  const int loop_depth_;  // 0 outside of recursion
  int64_t index0_ = -1;
  std::optional<Values> last_seen_;
};

}  // namespace estoc::jinja
