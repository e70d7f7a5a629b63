// Who has had how much: one counter a client, so that a busy client cannot push the others aside.
//
// What: a virtual token counter. Work done for a client raises its counter; the client with the lowest one is served
// next. Source: Sheng et al., Fairness in Serving Large Language Models (2024).
// - One that comes back after a pause has its own counter or, if more, the lowest of those who are there: idle time
// earns
//   nothing, and leaving after each request pays no debt.
// - One never seen starts with the highest counter there has been. Names cost nothing, a `user` or an API key that
// nobody
//   has checked alike: a new one is never served before those who are there, and so gains nothing over an old one.
//   Where all are busy all counters are about the same, and a true newcomer waits for nobody's debt.
// - No debt is more than kDebtMax above the lowest counter: nobody pays for a night's work all day.
// Ownership: owns the names of clients with unfinished requests, and of the kRememberedMax that left last.
// Threads: one thread. Errors: none.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace estoc {

class FairShare {
 public:
  static constexpr double kDebtMax = 100'000;  // tokens' worth
  static constexpr size_t kRememberedMax = 4096;

  // One more unfinished request of this client.
  void enter(const std::string& client);
  // One less.
  void leave(const std::string& client);
  // `work` in tokens. REQUIRES an unfinished request of the client.
  void charge(const std::string& client, double work);
  // Of a client that is not there: what it would come back with.
  double served(const std::string& client) const;
  int client_count() const { return static_cast<int>(clients_.size()); }
  size_t remembered_count() const { return departed_.size(); }

 private:
  struct Client {
    double served = 0;
    int requests = 0;
  };
  struct Departed {
    std::string name;
    double served = 0;
  };

  double lowest() const;

  std::unordered_map<std::string, Client> clients_;
  std::list<Departed> departed_;                                                          // who left last comes first
  std::unordered_map<std::string_view, std::list<Departed>::iterator> departed_by_name_;  // names of departed_
  double highest_ = 0;                                                                    // counter there has been
  double last_served_ = 0;  // of the client that left last: where time goes on when nobody is there
};

}  // namespace estoc
