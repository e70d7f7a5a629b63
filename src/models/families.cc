#include <array>
#include <vector>

#include "base/error.h"
#include "models/encoder_family.h"
#include "models/family.h"

namespace estoc {

#define FAMILY(name) extern const ModelFamily name;
#include "models/family_list.inc"
#undef FAMILY

namespace {
constexpr std::array kFamilies = {
#define FAMILY(name) &name,
#include "models/family_list.inc"
#undef FAMILY
};

}  // namespace

std::string architecture_of(const WeightSource& source) {
  const Json* list = source.config().find("architectures");
  if (list == nullptr || !list->is_array() || list->as_array().empty() || !list->as_array()[0].is_string()) {
    fail(ErrorCode::corrupt_file, "{}: config has no \"architectures\" list with a name in it", source.path());
  }
  return list->as_array()[0].as_string();
}

std::span<const ModelFamily* const> families() { return kFamilies; }
std::span<const NamingRules* const> naming_rules() {
  static const std::vector<const NamingRules*> kRules = [] {
    std::vector<const NamingRules*> rules;
    for (const ModelFamily* family : families()) rules.push_back(&family->naming);
    for (const EncoderFamily* family : encoder_families()) rules.push_back(&family->naming);
    return rules;
  }();
  return kRules;
}

const ModelFamily& family_of(const WeightSource& source) {
  const std::string architecture = architecture_of(source);
  std::string known;
  for (const ModelFamily* family : families()) {
    for (const std::string_view name : family->architectures) {
      if (name == architecture) return *family;
      known += (known.empty() ? "" : ", ") + std::string(name);
    }
  }
  fail(ErrorCode::unsupported, "{}: architecture '{}' is not supported (supported: {})", source.path(), architecture,
       known);
}

}  // namespace estoc
