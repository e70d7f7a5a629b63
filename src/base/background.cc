#include "base/background.h"

#include <sched.h>
#include <sys/resource.h>

namespace estoc {

void enter_background() {
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &none);
}

void enter_deep_background() {
  enter_background();
  constexpr int kNice = 10;                                                      // weighs 110 where 0 weighs 1024
  (void)::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + kNice);  // on Linux the thread's alone
}

}  // namespace estoc
