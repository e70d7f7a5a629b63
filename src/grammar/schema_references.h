// Where references of a schema document lead: identifiers, anchors and pointers. Internal to the room.
//
// Ownership: borrows the document's JSON. Threads: one. Errors: Error{invalid_argument, unsupported} with the pointer.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace estoc::grammar {

// As a step of a JSON pointer.
std::string escaped_step(std::string_view name);
[[noreturn]] void refuse_schema(ErrorCode code, const std::string& path, const std::string& what);

class SchemaReferences {
 public:
  struct Reference {
    std::string path, base, text;
    bool is_dynamic = false;
  };
  // A schema within the document, and the identifier that its own references are relative to.
  struct Target {
    const Json* json = nullptr;
    std::string path, base;
  };

  // What dynamic references lead to in the documents that were gone through on the way to a schema, as a number. All
  // are the same while scopes do not matter: each dynamic anchor has one place.
  using Scope = uint32_t;

  // A schema at `path` was met; `base` becomes its own identifier where it has one.
  void add(const Json& json, const std::string& path, bool is_draft7, std::string& base);
  // The identifier that a reference leads into, and whether a schema with it was met.
  static std::string document_of(const Reference& reference);
  bool has(const std::string& identifier) const { return resources_.contains(identifier); }
  // Once all schemas have been met: scopes are told apart from now on, if that matters.
  bool tell_scopes_apart();
  Scope enter(Scope scope, const std::string& base);
  Target resolve(const Reference& reference, Scope scope) const;

 private:
  using Answers = std::map<std::string, const Json*>;  // by the dynamic anchor

  Target follow(const Reference& reference, Target at, const std::string& pointer) const;

  std::unordered_map<const Json*, std::string> bases_;
  std::map<std::string, Target> resources_, anchors_;
  std::map<std::string, std::map<std::string, Target>> dynamic_anchors_;  // by name and identifier
  bool has_scopes_ = false;
  std::vector<Answers> scopes_ = std::vector<Answers>(1);  // the first has none
  std::map<Answers, Scope> scope_ids_;
};

}  // namespace estoc::grammar
