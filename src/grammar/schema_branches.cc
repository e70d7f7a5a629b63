#include "grammar/schema_branches.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "grammar/branch_effects.h"
#include "grammar/limits.h"
#include "grammar/schema_evaluated.h"

namespace estoc::grammar {
namespace {

struct Alternative {
  std::vector<Literal> literals;
  std::vector<BranchEffect> effects;
};
using Choice = std::shared_ptr<const std::vector<Alternative>>;

// A branch on its way.
struct Draft {
  Branch branch;
  std::vector<Literal> open, done;  // literals to apply; `done` is sorted
  std::vector<Choice> choices;
};

class Expander {
 public:
  Expander(SchemaAlgebra& algebra, JsonType type) : algebra_(algebra), effects_(algebra), type_(type) {}

  std::vector<Branch> expand(const Conj& conj) {
    Draft draft;
    draft.open = conj;
    if (!conj.empty()) origin_ = &algebra_.schema_of(conj[0]);
    run(std::move(draft));
    return std::move(branches_);
  }

 private:
  void count_step() {
    if (++steps_ > limits::kExpansionsMax) {
      fail(ErrorCode::unsupported, "schema at {}: its anyOf, oneOf, not and if leave too many combinations",
           origin_ && !origin_->path.empty() ? origin_->path : "the root");
    }
  }

  void run(Draft draft) {
    count_step();
    if (!settle(draft)) return;
    // Choices that cannot be made, that follow, or that are none, until none of these is left.
    while (true) {
      size_t best = draft.choices.size();
      std::vector<size_t> best_live;
      bool has_changed = false;
      for (size_t i = 0; i < draft.choices.size(); ++i) {
        std::vector<size_t> live;
        bool follows = false;
        for (size_t a = 0; a < draft.choices[i]->size() && !follows; ++a) {
          Draft trial = without(draft, i);
          if (!take(trial, (*draft.choices[i])[a])) continue;
          follows = trial.branch == draft.branch && trial.choices.size() + 1 == draft.choices.size();
          live.push_back(a);
        }
        if (follows) {
          draft.choices.erase(draft.choices.begin() + static_cast<int64_t>(i));
          has_changed = true;
          break;
        }
        if (live.empty()) return;
        if (live.size() == 1) {
          const Choice choice = draft.choices[i];
          draft = without(draft, i);
          if (!take(draft, (*choice)[live[0]])) return;
          has_changed = true;
          break;
        }
        if (best == draft.choices.size() || live.size() < best_live.size()) {
          best = i;
          best_live = live;
        }
      }
      if (has_changed) continue;
      if (best == draft.choices.size()) break;
      for (const size_t a : best_live) {
        Draft next = without(draft, best);
        if (take(next, (*draft.choices[best])[a])) run(std::move(next));
      }
      return;
    }
    if (std::find(branches_.begin(), branches_.end(), draft.branch) != branches_.end()) return;
    if (branches_.size() >= limits::kAlternativesMax) {
      fail(ErrorCode::unsupported, "schema at {}: its anyOf, oneOf, not and if leave more than {} alternatives",
           origin_ && !origin_->path.empty() ? origin_->path : "the root", limits::kAlternativesMax);
    }
    branches_.push_back(std::move(draft.branch));
  }

  static Draft without(const Draft& draft, size_t choice) {
    Draft out = draft;
    out.choices.erase(out.choices.begin() + static_cast<int64_t>(choice));
    return out;
  }

  bool take(Draft& draft, const Alternative& alternative) {
    count_step();
    for (const BranchEffect& effect : alternative.effects) {
      if (!effect(draft.branch)) return false;
    }
    draft.open.insert(draft.open.end(), alternative.literals.begin(), alternative.literals.end());
    return settle(draft);
  }

  bool settle(Draft& draft) {
    while (!draft.open.empty()) {
      const Literal literal = draft.open.back();
      draft.open.pop_back();
      const auto at = std::lower_bound(draft.done.begin(), draft.done.end(), literal);
      if (at != draft.done.end() && *at == literal) continue;
      draft.done.insert(at, literal);
      if (std::binary_search(draft.done.begin(), draft.done.end(), literal ^ 1)) return false;
      count_step();
      const Schema& schema = algebra_.schema_of(literal);
      const bool is_negated = SchemaAlgebra::is_negated(literal);
      if (schema.kind != Schema::Kind::keywords) {
        if ((schema.kind == Schema::Kind::nothing) != is_negated) return false;
        continue;
      }
      if (!(is_negated ? apply_negated(draft, schema) : apply(draft, schema))) return false;
    }
    return is_possible(draft.branch);
  }

  bool has_type(const Schema& schema) const { return !schema.types || (*schema.types >> static_cast<int>(type_) & 1); }

  // What can be seen to be empty at once.
  bool is_possible(const Branch& branch) const {
    if (type_ == JsonType::array) {
      const ArrayRules& rules = branch.array;
      if (rules.least > rules.most) return false;
      for (size_t i = 0; i < rules.first.size() && i < rules.least; ++i) {
        if (algebra_.is_nothing(rules.first[i])) return false;
      }
      if (rules.least > rules.first.size() && algebra_.is_nothing(rules.rest)) return false;
      return std::all_of(rules.counts.begin(), rules.counts.end(),
                         [](const ArrayRules::Count& count) { return count.least <= count.most; });
    }
    const ObjectRules& rules = branch.object;
    if (rules.least > rules.most || rules.required.size() > rules.most) return false;
    return std::none_of(rules.named.begin(), rules.named.end(), [&](const auto& one) {
      return algebra_.is_nothing(one.second) && BranchEffects::is_required(rules, one.first);
    });
  }
  // --- schemas that hold

  bool apply(Draft& draft, const Schema& schema) {
    if (!has_type(schema)) return false;
    const auto holds = [](const Schema* one) { return SchemaAlgebra::holds(*one); };
    const auto fails = [](const Schema* one) { return SchemaAlgebra::fails(*one); };
    if (schema.values) {
      std::vector<Alternative> listed;
      for (const Json& value : *schema.values) {
        if (json_type(value) == type_) listed.push_back({{SchemaAlgebra::holds(algebra_.constant(value))}, {}});
      }
      if (listed.empty()) return false;
      choose(draft, std::move(listed));
    }
    std::vector<BranchEffect> effects;
    if (type_ == JsonType::array) {
      own_array(schema, effects);
    } else {
      own_object(schema, effects);
    }
    for (const BranchEffect& effect : effects) {
      if (!effect(draft.branch)) return false;
    }
    if ((type_ == JsonType::array ? schema.unevaluated_items : schema.unevaluated_properties)) {
      choose(draft, unevaluated(schema, false));
    }
    for (const Schema* one : schema.all_of) draft.open.push_back(holds(one));
    if (schema.ref) draft.open.push_back(holds(schema.ref));
    if (schema.negated) draft.open.push_back(fails(schema.negated));
    if (!schema.any_of.empty()) {
      std::vector<Alternative> any;
      for (const Schema* one : schema.any_of) any.push_back({{holds(one)}, {}});
      choose(draft, std::move(any));
    }
    if (!schema.one_of.empty()) {
      std::vector<Alternative> one;
      for (size_t i = 0; i < schema.one_of.size(); ++i) {
        Alternative& here = one.emplace_back();
        for (size_t j = 0; j < schema.one_of.size(); ++j) {
          here.literals.push_back(i == j ? holds(schema.one_of[j]) : fails(schema.one_of[j]));
        }
      }
      choose(draft, std::move(one));
    }
    if (schema.condition && (schema.then || schema.otherwise)) {
      Alternative yes{{holds(schema.condition)}, {}}, no{{fails(schema.condition)}, {}};
      if (schema.then) yes.literals.push_back(holds(schema.then));
      if (schema.otherwise) no.literals.push_back(holds(schema.otherwise));
      choose(draft, {yes, no});
    }
    if (type_ == JsonType::object) {
      for (const auto& [name, needed] : schema.dependent_required) {
        Alternative with;
        for (const std::string& one : needed) with.effects.push_back(effects_.require(one));
        choose(draft, {{{}, {effects_.forbid(name)}}, with});
      }
      for (const auto& [name, dependent] : schema.dependent_schemas) {
        choose(draft, {{{}, {effects_.forbid(name)}}, {{holds(dependent)}, {}}});
      }
    }
    return true;
  }

  void choose(Draft& draft, std::vector<Alternative> alternatives) {
    draft.choices.push_back(std::make_shared<const std::vector<Alternative>>(std::move(alternatives)));
  }

  void own_array(const Schema& schema, std::vector<BranchEffect>& out) {
    const auto size = schema.prefix_items.size();
    for (size_t i = 0; i < size; ++i)
      out.push_back(effects_.place_rule(i, SchemaAlgebra::holds(*schema.prefix_items[i])));
    if (schema.items) out.push_back(effects_.item_rule(size, SchemaAlgebra::holds(*schema.items)));
    if (schema.min_items || schema.max_items) {
      out.push_back(effects_.items(schema.min_items.value_or(0), schema.max_items.value_or(kNoLimit)));
    }
    if (schema.contains) {
      out.push_back(effects_.item_count(0, SchemaAlgebra::holds(*schema.contains), schema.min_contains.value_or(1),
                                        schema.max_contains.value_or(kNoLimit)));
    }
    if (schema.unique_items) {
      out.push_back([](Branch& branch) {
        branch.array.is_unique = true;
        return true;
      });
    }
  }

  void own_object(const Schema& schema, std::vector<BranchEffect>& out) {
    for (const auto& [name, part] : schema.properties)
      out.push_back(effects_.property(name, SchemaAlgebra::holds(*part)));
    for (const auto& [text, part] : schema.pattern_properties) {
      out.push_back(effects_.all_properties(algebra_.pattern(schema, text), SchemaAlgebra::holds(*part)));
    }
    if (schema.additional_properties) {
      out.push_back(effects_.all_properties(effects_.additional_names(schema),
                                            SchemaAlgebra::holds(*schema.additional_properties)));
    }
    if (schema.property_names) {
      const RegexId names = algebra_.scalar({SchemaAlgebra::holds(*schema.property_names)}, JsonType::string);
      out.push_back(effects_.all_properties(algebra_.grammar().arena.complement(names),
                                            SchemaAlgebra::holds(algebra_.document().nothing())));
    }
    for (const std::string& name : schema.required) out.push_back(effects_.require(name));
    if (schema.min_properties || schema.max_properties) {
      out.push_back(effects_.properties(schema.min_properties.value_or(0), schema.max_properties.value_or(kNoLimit)));
    }
  }

  // --- schemas that must fail: by any of their keywords

  bool apply_negated(Draft& draft, const Schema& schema) {
    if (!has_type(schema)) return true;
    const auto holds = [](const Schema* one) { return SchemaAlgebra::holds(*one); };
    const auto fails = [](const Schema* one) { return SchemaAlgebra::fails(*one); };
    std::vector<Alternative> ways;
    if (schema.values) {
      Alternative none;
      for (const Json& value : *schema.values) {
        if (json_type(value) == type_) none.literals.push_back(SchemaAlgebra::fails(algebra_.constant(value)));
      }
      if (none.literals.empty()) return true;
      ways.push_back(none);
    }
    if (type_ == JsonType::array) {
      failing_array(schema, ways);
    } else {
      failing_object(schema, ways);
    }
    if ((type_ == JsonType::array ? schema.unevaluated_items : schema.unevaluated_properties)) {
      for (Alternative& one : unevaluated(schema, true)) ways.push_back(std::move(one));
    }
    for (const Schema* one : schema.all_of) ways.push_back({{fails(one)}, {}});
    if (schema.ref) ways.push_back({{fails(schema.ref)}, {}});
    if (schema.negated) ways.push_back({{holds(schema.negated)}, {}});
    if (!schema.any_of.empty()) {
      Alternative& none = ways.emplace_back();
      for (const Schema* one : schema.any_of) none.literals.push_back(fails(one));
    }
    if (!schema.one_of.empty()) {
      Alternative& none = ways.emplace_back();
      for (const Schema* one : schema.one_of) none.literals.push_back(fails(one));
      for (size_t i = 0; i < schema.one_of.size(); ++i) {
        for (size_t j = i + 1; j < schema.one_of.size(); ++j) {
          ways.push_back({{holds(schema.one_of[i]), holds(schema.one_of[j])}, {}});
        }
      }
    }
    if (schema.condition) {
      if (schema.then) ways.push_back({{holds(schema.condition), fails(schema.then)}, {}});
      if (schema.otherwise) ways.push_back({{fails(schema.condition), fails(schema.otherwise)}, {}});
    }
    if (ways.empty()) return false;
    choose(draft, std::move(ways));
    return true;
  }

  void failing_array(const Schema& schema, std::vector<Alternative>& ways) {
    const auto size = schema.prefix_items.size();
    for (size_t i = 0; i < size; ++i) {
      ways.push_back(
          {{},
           {effects_.items(i + 1, kNoLimit), effects_.place_rule(i, SchemaAlgebra::fails(*schema.prefix_items[i]))}});
    }
    if (schema.items)
      ways.push_back({{}, {effects_.item_count(size, SchemaAlgebra::fails(*schema.items), 1, kNoLimit)}});
    if (schema.min_items && *schema.min_items > 0) ways.push_back({{}, {effects_.items(0, *schema.min_items - 1)}});
    if (schema.max_items) ways.push_back({{}, {effects_.items(*schema.max_items + 1, kNoLimit)}});
    if (schema.contains) {
      const Literal literal = SchemaAlgebra::holds(*schema.contains);
      const uint64_t least = schema.min_contains.value_or(1);
      if (least > 0) ways.push_back({{}, {effects_.item_count(0, literal, 0, least - 1)}});
      if (schema.max_contains)
        ways.push_back({{}, {effects_.item_count(0, literal, *schema.max_contains + 1, kNoLimit)}});
    }
    if (schema.unique_items) SchemaAlgebra::refuse(schema, "uniqueItems", "that it must fail cannot be kept");
  }

  void failing_object(const Schema& schema, std::vector<Alternative>& ways) {
    for (const auto& [name, part] : schema.properties) {
      ways.push_back({{}, {effects_.require(name), effects_.property(name, SchemaAlgebra::fails(*part))}});
    }
    for (const auto& [text, part] : schema.pattern_properties) {
      ways.push_back({{}, {effects_.some_property(algebra_.pattern(schema, text), SchemaAlgebra::fails(*part))}});
    }
    if (schema.additional_properties) {
      ways.push_back({{},
                      {effects_.some_property(effects_.additional_names(schema),
                                              SchemaAlgebra::fails(*schema.additional_properties))}});
    }
    if (schema.property_names) {
      const RegexId names = algebra_.scalar({SchemaAlgebra::holds(*schema.property_names)}, JsonType::string);
      ways.push_back({{},
                      {effects_.some_property(algebra_.grammar().arena.complement(names),
                                              SchemaAlgebra::holds(algebra_.document().anything()))}});
    }
    for (const std::string& name : schema.required) ways.push_back({{}, {effects_.forbid(name)}});
    if (schema.min_properties && *schema.min_properties > 0)
      ways.push_back({{}, {effects_.properties(0, *schema.min_properties - 1)}});
    if (schema.max_properties) ways.push_back({{}, {effects_.properties(*schema.max_properties + 1, kNoLimit)}});
    for (const auto& [name, needed] : schema.dependent_required) {
      for (const std::string& one : needed) ways.push_back({{}, {effects_.require(name), effects_.forbid(one)}});
    }
    for (const auto& [name, dependent] : schema.dependent_schemas) {
      ways.push_back({{SchemaAlgebra::fails(*dependent)}, {effects_.require(name)}});
    }
  }

  // --- what no keyword beside looked at

  std::vector<Alternative> unevaluated(const Schema& schema, bool is_negated) {
    std::vector<Alternative> out;
    const bool is_array = type_ == JsonType::array;
    const Schema& rest = *(is_array ? schema.unevaluated_items : schema.unevaluated_properties);
    for (const Evaluated& way : find_evaluated(algebra_, schema, type_)) {
      Alternative& one = out.emplace_back();
      one.literals = way.literals;
      for (const std::string& name : way.required) one.effects.push_back(effects_.require(name));
      for (const std::string& name : way.forbidden) one.effects.push_back(effects_.forbid(name));
      if (!is_array) {
        const RegexId names = algebra_.grammar().arena.complement(way.names);
        one.effects.push_back(is_negated ? effects_.some_property(names, SchemaAlgebra::fails(rest))
                                         : effects_.all_properties(names, SchemaAlgebra::holds(rest)));
        continue;
      }
      if (way.items == kNoLimit) {  // all are looked at
        if (is_negated) out.pop_back();
        continue;
      }
      // An item that `contains` found counts as looked at.
      std::vector<const Schema*> good = way.contained;
      good.push_back(&rest);
      const Schema& either = good.size() == 1 ? rest : algebra_.any_of(std::move(good));
      one.effects.push_back(is_negated ? effects_.item_count(way.items, SchemaAlgebra::fails(either), 1, kNoLimit)
                                       : effects_.item_rule(way.items, SchemaAlgebra::holds(either)));
    }
    return out;
  }

  SchemaAlgebra& algebra_;
  BranchEffects effects_;
  JsonType type_;
  const Schema* origin_ = nullptr;
  size_t steps_ = 0;
  std::vector<Branch> branches_;
};

}  // namespace

std::vector<Branch> find_branches(SchemaAlgebra& algebra, const Conj& conj, JsonType type) {
  return Expander(algebra, type).expand(conj);
}

}  // namespace estoc::grammar
