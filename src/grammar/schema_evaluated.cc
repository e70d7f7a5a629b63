#include "grammar/schema_evaluated.h"

#include <algorithm>

#include "grammar/limits.h"

namespace estoc::grammar {
namespace {

class Finder {
 public:
  Finder(SchemaAlgebra& algebra, const Schema& asking, JsonType type)
      : algebra_(algebra), asking_(asking), type_(type) {}

  std::vector<Evaluated> find(const Schema& schema, bool is_asking, int depth) {
    const char* keyword = type_ == JsonType::array ? "unevaluatedItems" : "unevaluatedProperties";
    if (depth > 20) SchemaAlgebra::refuse(asking_, keyword, "the schemas beside it refer to each other too deep");
    if (schema.kind == Schema::Kind::nothing) return {};
    std::vector<Evaluated> ways(1);
    if (schema.kind == Schema::Kind::anything) return ways;
    own(schema, is_asking, ways[0]);
    for (const Schema* one : schema.all_of) ways = both(ways, holding(*one, depth));
    if (schema.ref) ways = both(ways, holding(*schema.ref, depth));
    if (!schema.any_of.empty()) {
      std::vector<Evaluated> some{Evaluated()};
      for (const Schema* one : schema.any_of) some = both(some, joined(holding(*one, depth), failing(*one)));
      ways = both(ways, some);  // none of them: what holds beside says that this is not so
    }
    if (!schema.one_of.empty()) {
      std::vector<Evaluated> exactly;
      for (size_t i = 0; i < schema.one_of.size(); ++i) {
        std::vector<Evaluated> here{Evaluated()};
        for (size_t j = 0; j < schema.one_of.size(); ++j) {
          here = both(here, i == j ? holding(*schema.one_of[j], depth) : failing(*schema.one_of[j]));
        }
        exactly = joined(std::move(exactly), here);
      }
      ways = both(ways, exactly);
    }
    if (schema.condition) {
      std::vector<Evaluated> yes = holding(*schema.condition, depth), no = failing(*schema.condition);
      if (schema.then) yes = both(yes, holding(*schema.then, depth));
      if (schema.otherwise) no = both(no, holding(*schema.otherwise, depth));
      ways = both(ways, joined(std::move(yes), no));
    }
    if (type_ == JsonType::object) {
      for (const auto& [name, dependent] : schema.dependent_schemas) {
        std::vector<Evaluated> with = holding(*dependent, depth), absent(1);
        for (Evaluated& way : with) way.required.push_back(name);
        absent[0].forbidden.push_back(name);
        ways = both(ways, joined(std::move(with), absent));
      }
    }
    return ways;
  }

 private:
  void own(const Schema& schema, bool is_asking, Evaluated& way) {
    RegexArena& arena = algebra_.grammar().arena;
    if (type_ == JsonType::object) {
      std::vector<std::string_view> names;
      for (const auto& [name, part] : schema.properties) names.push_back(name);
      std::vector<RegexId> parts{arena.one_of(std::move(names))};
      for (const auto& [text, part] : schema.pattern_properties) parts.push_back(algebra_.pattern(schema, text));
      const bool is_all = schema.additional_properties || (schema.unevaluated_properties && !is_asking);
      way.names = is_all ? kAnyText : arena.either(std::move(parts));
      return;
    }
    const bool is_all = schema.items || (schema.unevaluated_items && !is_asking);
    way.items = is_all ? UINT64_MAX : schema.prefix_items.size();
    if (schema.contains && algebra_.document().dialect() == Dialect::draft2020)
      way.contained.push_back(schema.contains);
  }

  std::vector<Evaluated> holding(const Schema& schema, int depth) {
    std::vector<Evaluated> ways = find(schema, false, depth + 1);
    for (Evaluated& way : ways) way.literals.push_back(SchemaAlgebra::holds(schema));
    return ways;
  }
  static std::vector<Evaluated> failing(const Schema& schema) {
    std::vector<Evaluated> ways(1);
    ways[0].literals.push_back(SchemaAlgebra::fails(schema));
    return ways;
  }
  static std::vector<Evaluated> joined(std::vector<Evaluated> a, const std::vector<Evaluated>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  std::vector<Evaluated> both(const std::vector<Evaluated>& a, const std::vector<Evaluated>& b) {
    if (a.size() * b.size() > limits::kAlternativesMax) {
      SchemaAlgebra::refuse(asking_, type_ == JsonType::array ? "unevaluatedItems" : "unevaluatedProperties",
                            "the schemas beside it leave too many combinations");
    }
    std::vector<Evaluated> out;
    const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
    for (const Evaluated& one : a) {
      for (const Evaluated& other : b) {
        Evaluated& made = out.emplace_back(one);
        append(made.literals, other.literals);
        append(made.required, other.required);
        append(made.forbidden, other.forbidden);
        append(made.contained, other.contained);
        made.names = algebra_.grammar().arena.either({one.names, other.names});
        made.items = std::max(one.items, other.items);
      }
    }
    return out;
  }

  SchemaAlgebra& algebra_;
  const Schema& asking_;
  JsonType type_;
};

}  // namespace

std::vector<Evaluated> find_evaluated(SchemaAlgebra& algebra, const Schema& schema, JsonType type) {
  return Finder(algebra, schema, type).find(schema, true, 0);
}

}  // namespace estoc::grammar
