#include "jinja/filter_tables.h"

namespace estoc::jinja {

Filter find_filter(std::string_view name) {
  for (const FilterTable* table : {&text_filters(), &value_filters(), &item_filters(), &selection_filters()}) {
    const auto place = table->find(name);
    if (place != table->end()) return place->second;
  }
  return nullptr;
}

const char* why_refused(std::string_view filter) {
  if (filter == "random") return "its result differs from run to run";
  if (filter == "urlize" || filter == "wordwrap") return "it lays out pages, which is nothing for a prompt";
  return nullptr;
}

}  // namespace estoc::jinja
