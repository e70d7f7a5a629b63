#include "engine/fair_share.h"

#include <algorithm>

#include "base/check.h"

namespace estoc {

void FairShare::enter(const std::string& client) {
  const auto known = clients_.find(client);
  if (known != clients_.end()) {
    ++known->second.requests;
    return;
  }
  double lowest = clients_.empty() ? last_served_ : clients_.begin()->second.served;
  for (const auto& [name, other] : clients_) lowest = std::min(lowest, other.served);
  clients_.emplace(client, Client{lowest, 1});
}

void FairShare::leave(const std::string& client) {
  const auto known = clients_.find(client);
  ESTOC_CHECK(known != clients_.end());
  if (--known->second.requests > 0) return;
  last_served_ = known->second.served;
  clients_.erase(known);
}

void FairShare::charge(const std::string& client, double work) {
  const auto known = clients_.find(client);
  ESTOC_CHECK(known != clients_.end());
  known->second.served += work;
}

double FairShare::served(const std::string& client) const {
  const auto known = clients_.find(client);
  return known == clients_.end() ? last_served_ : known->second.served;
}

}  // namespace estoc
