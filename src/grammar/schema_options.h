// What a caller may choose of how JSON that follows a schema is written. Plain data.
#pragma once

#include <cstdint>

namespace estoc::grammar {

struct SchemaOptions {
  // Blanks and line breaks between the parts, up to limits::kBlanksMax in a row; otherwise none.
  bool allows_blanks = false;
  // Properties in any order; otherwise in the schema's, those that it does not name behind them.
  bool any_property_order = false;
  // Strings have to keep to `format`. Drafts from 2019-09 on let it be an annotation: then it is not looked at.
  bool asserts_formats = true;
};

}  // namespace estoc::grammar
