// Runs a compiled template once.
//
// Owner: Template::render, one evaluator a call, one thread. Counts steps, bytes and depth against limits.h.
// Namespaces and scopes that macros captured are kept until the end and then emptied, because they may form cycles.
// Errors: Failure, and Error{invalid_argument} from raise_exception.
// Internal to jinja/.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jinja/ast.h"
#include "jinja/object.h"

namespace estoc::jinja {

// The variables of one block while it runs. Blocks nest lexically: a macro sees where it was written, not its caller.
struct Scope {
  explicit Scope(std::shared_ptr<Scope> parent_) : parent(std::move(parent_)) {}

  const Value* find(NameId id) const {
    for (const Scope* scope = this; scope; scope = scope->parent.get()) {
      for (const auto& [name, value] : scope->values) {
        if (name == id) return &value;
      }
    }
    return nullptr;
  }

  void set(NameId id, Value value) {
    for (auto& [name, old] : values) {
      if (name != id) continue;
      old = std::move(value);
      return;
    }
    values.emplace_back(id, std::move(value));
  }

  std::shared_ptr<Scope> parent;
  std::vector<std::pair<NameId, Value>> values;
};

class Evaluator {
 public:
  // `context` has one value a name of the program, undefined where the caller gave none.
  Evaluator(const Program& program, Values context, int64_t now);
  ~Evaluator();
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  std::string run();
  int line() const { return line_; }  // where it is or stopped

  // For filters, methods and functions.
  int64_t now() const { return now_; }
  void charge(uint64_t steps);
  void charge_walk(const Value& value) { charge(value.weight()); }
  void charge_characters(const Value& text);  // for work on every character of a string
  void charge_bytes(size_t bytes);
  void charge_made(const Value& value);                           // a fresh value's own bytes
  std::string text_of(const Value& value);                        // str(), charged
  Value attribute_of(const Value& value, std::string_view name);  // value.name
  Value item_or_attribute(const Value& value, const Value& key);  // value[key]
  Value call(const Value& callee, Arguments& arguments);
  Value filtered(std::string_view name, const Value& value, Arguments& arguments);
  bool tested(std::string_view name, const Value& value, Arguments& arguments);
  void keep(std::shared_ptr<Namespace> space);  // until the end of the rendering

  // For macros and loops, which are objects that run statements.
  Value run_macro(const MacroStmt& macro, const ScopePtr& definition, Arguments& arguments);
  Value block_text(const std::string& name);  // of a `block` tag of that name
  Value run_loop_again(const ForStmt& loop, const ScopePtr& definition, const Value& items, int depth);

 private:
  enum class Flow { next, leave, skip };

  Flow run_block(const Block& block, const ScopePtr& scope);
  Flow run_statement(const Stmt& stmt, const ScopePtr& scope);
  Flow run_branch(const Branch& branch, const ScopePtr& scope);
  Flow run_for(const ForStmt& loop, const ScopePtr& scope);
  Flow run_items(const ForStmt& loop, const ScopePtr& scope, const Value& over, int depth);
  Flow run_with(const WithStmt& with, const ScopePtr& scope);
  Flow run_set_block(const SetBlock& set, const ScopePtr& scope);
  void run_named_block(const NamedBlock& block, const ScopePtr& scope);
  Flow run_filter_block(const FilterBlock& block, const ScopePtr& scope);
  bool bind_parameters(const MacroStmt& macro, const ScopePtr& scope, Arguments& arguments);
  void define_macro(const MacroStmt& macro, const ScopePtr& scope);
  void run_call_block(const CallBlock& block, const ScopePtr& scope);
  void assign(const Target& target, const Value& value, const ScopePtr& scope);
  void assign_field(const Target& target, const Value& value, const ScopePtr& scope);
  void assign_parts(const Target& target, const Value& value, const ScopePtr& scope);
  void print(const Value& value);
  void write(std::string_view text);
  Value look_up(NameId id, const ScopePtr& scope) const;
  Value make_macro(const MacroStmt& macro, const ScopePtr& scope);
  ScopePtr inner(const ScopePtr& scope) { return std::make_shared<Scope>(scope); }
  // Runs `body` in a scope of its own with its output caught.
  Flow run_captured(const Block& body, const ScopePtr& scope, std::string& text);
  bool is_selected(const ForStmt& loop, const ScopePtr& scope, const Value& item);
  std::shared_ptr<const Sequence> selected(const ForStmt& loop, const ScopePtr& scope,
                                           std::shared_ptr<const Sequence> items);

  Value evaluate(const Expr& expr, const ScopePtr& scope);
  Value evaluate_simple(const Expr& expr, const ScopePtr& scope);
  Value evaluate_sequence(const Compound& expr, const ScopePtr& scope);
  Value evaluate_dict(const Compound& expr, const ScopePtr& scope);
  Value evaluate_arithmetic(const ArithmeticExpr& expr, const ScopePtr& scope);
  Value evaluate_concat(const Compound& expr, const ScopePtr& scope);
  Value evaluate_logic(const Compound& expr, const ScopePtr& scope);
  Value evaluate_compare(const Compare& expr, const ScopePtr& scope);
  Value evaluate_conditional(const Compound& expr, const ScopePtr& scope);
  Value evaluate_slice(const Compound& expr, const ScopePtr& scope);
  Value evaluate_call(const Call& expr, const ScopePtr& scope, const Value* caller);
  Value evaluate_filter(const FilterExpr& expr, const ScopePtr& scope);
  Value evaluate_filter_on(const FilterExpr& expr, const Value& input, const ScopePtr& scope);
  Value evaluate_test(const TestExpr& expr, const ScopePtr& scope);
  bool compared(Comparison sign, const Value& left, const Value& right);
  Arguments evaluate_arguments(const CallArguments& arguments, const ScopePtr& scope);
  void spread(const CallArguments& arguments, const ScopePtr& scope, Arguments& out);

  const Program& program_;
  const Values context_;
  const int64_t now_;
  uint64_t steps_ = 0;
  size_t bytes_ = 0;
  int depth_ = 0;
  int line_ = 1;
  std::string* out_ = nullptr;
  const ScopePtr root_ = std::make_shared<Scope>(nullptr);  // of the template's top level
  const Value* filter_input_ = nullptr;
  std::vector<ScopePtr> captured_scopes_;
  std::vector<std::shared_ptr<Namespace>> namespaces_;
};

}  // namespace estoc::jinja
