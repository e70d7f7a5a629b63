#include "jinja/loop.h"

#include <algorithm>

#include "jinja/arguments.h"
#include "jinja/comparison.h"
#include "jinja/evaluator.h"
#include "jinja/failure.h"

namespace estoc::jinja {

std::string Loop::print() const { return fmt::format("<LoopContext {}/{}>", index0_ + 1, size()); }

Value Loop::call(Evaluator& evaluator, Arguments& arguments) {
  if (!stmt_.is_recursive) stop("the loop must be marked 'recursive' to be called");
  const Bound bound("loop()", arguments, {"iterable"}, 1);
  return evaluator.run_loop_again(stmt_, scope_, bound.at(0), loop_depth_ + 1);
}

Value Loop::neighbour(int64_t at, const char* reason) const {
  if (at < 0 || at >= size()) return Value::undefined(reason);
  return items_->items[static_cast<size_t>(at)];
}

std::optional<Value> Loop::attribute(std::string_view name) const {
  if (name == "index") return Value::integer(index0_ + 1);
  if (name == "index0") return Value::integer(index0_);
  if (name == "first") return Value::boolean(index0_ == 0);
  if (name == "last") return Value::boolean(index0_ + 1 == size());
  if (name == "length") return Value::integer(size());
  if (name == "revindex") return Value::integer(size() - index0_);
  if (name == "revindex0") return Value::integer(size() - index0_ - 1);
  if (name == "depth") return Value::integer(loop_depth_ + 1);
  if (name == "depth0") return Value::integer(loop_depth_);
  if (name == "previtem") return neighbour(index0_ - 1, "there is no previous item");
  if (name == "nextitem") return neighbour(index0_ + 1, "there is no next item");
  return std::nullopt;
}

Value Loop::cycled(const Values& values) const {
  if (values.empty()) stop("no items for cycling given");
  return values[static_cast<size_t>(index0_) % values.size()];
}

bool Loop::has_changed(Values values) {
  const bool is_equal_to_last =
      last_seen_ && std::equal(last_seen_->begin(), last_seen_->end(), values.begin(), values.end(), is_equal);
  if (is_equal_to_last) return false;
  last_seen_ = std::move(values);
  return true;
}

}  // namespace estoc::jinja
