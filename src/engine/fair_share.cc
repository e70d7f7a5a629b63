#include "engine/fair_share.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

double FairShare::lowest() const {
  if (clients_.empty()) return last_served_;
  return std::ranges::min_element(clients_, {}, [](const auto& client) { return client.second.served; })->second.served;
}

void FairShare::enter(const std::string& client) {
  const auto known = clients_.find(client);
  if (known != clients_.end()) {
    ++known->second.requests;
    return;
  }
  clients_.emplace(client, Client{served(client), 1});
  if (const auto found = departed_by_name_.find(client); found != departed_by_name_.end()) {
    const auto at = found->second;
    departed_by_name_.erase(found);  // before the name it looks at
    departed_.erase(at);
  }
}

void FairShare::leave(const std::string& client) {
  const auto known = clients_.find(client);
  ESTOC_CHECK(known != clients_.end());
  if (--known->second.requests > 0) return;
  last_served_ = known->second.served;
  clients_.erase(known);
  departed_.push_front({client, last_served_});
  departed_by_name_.emplace(departed_.front().name, departed_.begin());
  if (departed_.size() <= kRememberedMax) return;
  departed_by_name_.erase(departed_.back().name);
  departed_.pop_back();
}

void FairShare::charge(const std::string& client, double work) {
  const auto known = clients_.find(client);
  ESTOC_CHECK(known != clients_.end());
  known->second.served += work;
  highest_ = std::max(highest_, known->second.served);
}

double FairShare::served(const std::string& client) const {
  if (const auto known = clients_.find(client); known != clients_.end()) return known->second.served;
  const auto departed = departed_by_name_.find(client);
  const double own = departed == departed_by_name_.end() ? highest_ : departed->second->served;
  const double least = lowest();
  return std::clamp(own, least, least + kDebtMax);
}

}  // namespace estoc
