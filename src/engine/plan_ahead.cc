// The step behind one that is still computed.
#include <algorithm>

#include "engine/scheduler.h"

namespace estoc {

// Whatever token is chosen next is its last.
bool Scheduler::ends_with_next(const Sequence& sequence) const {
  return sequence.output_count() + 1 >= sequence.request.tokens_max || sequence.known() + 1 >= limits_.positions_max;
}

bool Scheduler::can_plan_ahead(const Plan& computing) const {
  if (!swapped_.empty() || (waiting_.count() > 0 && running_count() < limits_.sequences_max)) return false;
  const int grain = kv_.state_grain();
  int planned = 0;
  for (const PlanEntry& entry : computing) {
    if (entry.sequence == nullptr) continue;
    const Sequence& sequence = *entry.sequence;
    const int end = sequence.computed + entry.tokens;
    if (entry.drafts > 0 || end != sequence.known()) return false;
    if (grain > 0 && end % grain == 0) return false;  // its state is to be kept as it is behind that
    if (!ends_with_next(sequence) && !kv_.is_writable(sequence.kv, end)) return false;
    ++planned;
  }
  return planned == running_count() && planned <= limits_.batch_tokens_max;
}

const Plan& Scheduler::plan_ahead(const Plan& computing) {
  plan_.clear();
  work_ = {};
  if (!can_plan_ahead(computing)) return plan_;
  int row = -1;  // the last of an entry's
  for (const PlanEntry& entry : computing) {
    row += entry.logit_rows;
    Sequence* const sequence = entry.sequence;
    if (sequence == nullptr || ends_with_next(*sequence)) continue;
    const int position = sequence->computed + entry.tokens;
    if (!kv_.grow(sequence->kv, position, position + 1)) {  // who has grown meanwhile needs that anyway
      plan_.clear();
      return plan_;
    }
    work_.add_rows(position, 1);
    ++work_.logit_rows;
    plan_.push_back(
        {.sequence = sequence, .tokens = 1, .logit_rows = 1, .uncommitted = entry.tokens, .chosen_row = row});
  }
  return plan_;
}

void Scheduler::charge_planned() {
  for (const PlanEntry& entry : plan_) clients_.charge(entry.sequence->request.client, kOutputWeight);
}

}  // namespace estoc
