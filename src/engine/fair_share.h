// Who has had how much: one counter a client, so that a busy client cannot push the others aside.
//
// What: a virtual token counter. Work done for a client raises its counter; the client with the lowest one is served
// next. One that comes back after a pause starts at the lowest counter of those who are there: idle time earns nothing.
// Source: Sheng et al., Fairness in Serving Large Language Models (2024).
// Ownership: owns the names of clients with unfinished requests only. Threads: one thread. Errors: none.
#pragma once

#include <string>
#include <unordered_map>

namespace estoc {

class FairShare {
 public:
  // One more unfinished request of this client.
  void enter(const std::string& client);
  // One less.
  void leave(const std::string& client);
  // `work` in any unit, the same for all. REQUIRES an unfinished request of the client.
  void charge(const std::string& client, double work);
  double served(const std::string& client) const;
  int client_count() const { return static_cast<int>(clients_.size()); }

 private:
  struct Client {
    double served = 0;
    int requests = 0;
  };
  std::unordered_map<std::string, Client> clients_;
  double last_served_ = 0;  // of the client that left last: where time goes on when nobody is there
};

}  // namespace estoc
