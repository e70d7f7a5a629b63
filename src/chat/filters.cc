#include "chat/filter_tables.h"

namespace estoc::jinja {

Filter find_filter(std::string_view name) {
  for (const FilterTable* table : {&text_filters(), &value_filters(), &item_filters(), &selection_filters()}) {
    const auto place = table->find(name);
    if (place != table->end()) return place->second;
  }
  return nullptr;
}

}  // namespace estoc::jinja
