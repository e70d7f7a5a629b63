// Threads that serve others must not push a compute thread off its CPU in the middle of a step.
#pragma once

namespace estoc {

// The calling thread gives way: waking up, it waits for a CPU that is idle or for the end of the running thread's time
// slice (a few milliseconds) instead of taking the CPU at once. Linux: SCHED_BATCH, which needs no privileges. Where
// the system refuses, nothing changes.
void enter_background();

// As enter_background, and where CPUs are short it gets about a tenth of what a compute thread gets: for work that
// takes long and that nobody sees the milliseconds of.
void enter_deep_background();

}  // namespace estoc
