#include "base/background.h"

#include <sched.h>

namespace estoc {

void enter_background() {
  const sched_param none{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &none);
}

}  // namespace estoc
