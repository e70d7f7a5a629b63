#include "grammar/schema_references.h"

#include <algorithm>

#include "grammar/uri.h"

namespace estoc::grammar {
namespace {

const Json* child(const Json& json, const std::string& step) {
  if (json.is_object()) return json.find(step);
  if (!json.is_array() || step.empty() || step.size() > 6) return nullptr;
  size_t index = 0;
  for (const char c : step) {
    if (c < '0' || c > '9') return nullptr;
    index = index * 10 + static_cast<size_t>(c - '0');
  }
  return index < json.as_array().size() ? &json.as_array()[index] : nullptr;
}

std::string unescaped(std::string step) {
  for (const auto& [code, c] : {std::pair("~1", "/"), std::pair("~0", "~")}) {
    for (size_t found = 0; (found = step.find(code, found)) != std::string::npos; ++found) step.replace(found, 2, c);
  }
  return step;
}

}  // namespace

std::string escaped_step(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

void refuse_schema(ErrorCode code, const std::string& path, const std::string& what) {
  throw Error(code, fmt::format("schema at {}: {}", path.empty() ? "the root" : path, what), path);
}

void SchemaReferences::add(const Json& json, const std::string& path, bool is_draft7, std::string& base) {
  const Json* id = json.find("$id");
  if (id && id->is_string() && !(is_draft7 && json.find("$ref"))) {
    const std::string& text = id->as_string();
    if (is_draft7 && text.starts_with("#")) {
      anchors_[base + text] = {&json, path, base};
    } else {
      const auto [uri, fragment] = split_fragment(resolve_uri(base, text));
      base = uri;
      if (is_draft7 && !fragment.empty()) anchors_[base + "#" + fragment] = {&json, path, base};
      resources_[base] = {&json, path, base};
    }
  } else if (path.empty()) {
    resources_[base] = {&json, path, base};
  }
  for (const char* key : {"$anchor", "$dynamicAnchor"}) {
    const Json* anchor = is_draft7 ? nullptr : json.find(key);
    if (!anchor || !anchor->is_string()) continue;
    anchors_[base + "#" + anchor->as_string()] = {&json, path, base};
    if (key[1] == 'd') dynamic_anchors_[anchor->as_string()][base] = {&json, path, base};
  }
  const Json* recursive = json.find("$recursiveAnchor");
  if (recursive && recursive->is_bool() && recursive->as_bool()) dynamic_anchors_[""][base] = {&json, path, base};
  bases_[&json] = base;
}

std::string SchemaReferences::document_of(const Reference& reference) {
  return split_fragment(resolve_uri(reference.base, reference.text)).first;
}

bool SchemaReferences::tell_scopes_apart() {
  has_scopes_ = std::any_of(dynamic_anchors_.begin(), dynamic_anchors_.end(),
                            [](const auto& anchor) { return anchor.second.size() > 1; });
  return has_scopes_;
}

SchemaReferences::Scope SchemaReferences::enter(Scope scope, const std::string& base) {
  if (!has_scopes_) return scope;
  Answers answers = scopes_[scope];
  for (const auto& [name, places] : dynamic_anchors_) {
    const auto here = places.find(base);
    if (here != places.end()) answers.try_emplace(name, here->second.json);  // the outermost answers
  }
  const auto [found, is_new] = scope_ids_.try_emplace(std::move(answers), static_cast<Scope>(scopes_.size()));
  if (is_new) scopes_.push_back(found->first);
  return found->second;
}

SchemaReferences::Target SchemaReferences::resolve(const Reference& reference, Scope scope) const {
  const auto [uri, fragment] = split_fragment(resolve_uri(reference.base, reference.text));
  // A dynamic reference is one only if what it leads to as it is written is a dynamic anchor.
  const auto dynamic = reference.is_dynamic ? dynamic_anchors_.find(fragment) : dynamic_anchors_.end();
  if (dynamic != dynamic_anchors_.end() && dynamic->second.contains(uri)) {
    const auto answer = scopes_[scope].find(fragment);
    if (answer == scopes_[scope].end()) return dynamic->second.at(uri);
    for (const auto& [base, target] : dynamic->second) {
      if (target.json == answer->second) return target;
    }
  }
  const auto anchor = fragment.empty() ? anchors_.end() : anchors_.find(uri + "#" + fragment);
  if (anchor != anchors_.end()) return anchor->second;
  const auto resource = resources_.find(uri);
  if (resource == resources_.end()) {
    refuse_schema(ErrorCode::unsupported, reference.path,
                  "'" + reference.text + "' refers to another document, and only this one is read");
  }
  return follow(reference, resource->second, fragment);
}

SchemaReferences::Target SchemaReferences::follow(const Reference& reference, Target at,
                                                  const std::string& pointer) const {
  if (!pointer.empty() && pointer[0] != '/') {
    refuse_schema(ErrorCode::invalid_argument, reference.path, "there is no anchor '" + pointer + "'");
  }
  for (size_t from = 1; from <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', from), pointer.size());
    const std::string step = unescaped(pointer.substr(from, end - from));
    at.json = child(*at.json, step);
    if (!at.json) {
      refuse_schema(ErrorCode::invalid_argument, reference.path, "'" + reference.text + "' refers to nothing");
    }
    at.path += "/" + escaped_step(step);
    const auto known_base = bases_.find(at.json);
    if (known_base != bases_.end()) at.base = known_base->second;
    from = end + 1;
  }
  return at;
}

}  // namespace estoc::grammar
