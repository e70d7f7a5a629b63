#!/usr/bin/env bash
# Kernels and whole models in the emulator of GPUs, in every schedule, form and card that there is: what the unit tests
# do of it, and the rest.
#
#   tools/emulator.sh build/release [jobs]
#
# Needs gpu_test and models_test built. A few minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1 jobs=${2:-$(nproc)}
export ESTOC_EMULATOR=all

# NAME BINARY FILTER: the tests, divided among so many processes as there are jobs.
run() {
  local name=$1 binary=$2 filter=$3 shard pids=() failed=0
  for ((shard = 0; shard < jobs; ++shard)); do
    GTEST_TOTAL_SHARDS=$jobs GTEST_SHARD_INDEX=$shard "$build/$binary" --gtest_brief=1 --gtest_filter="$filter" \
      > "$build/emulator-$name-$shard.log" 2>&1 &
    pids+=($!)
  done
  for shard in "${!pids[@]}"; do
    wait "${pids[shard]}" || { failed=1; cat "$build/emulator-$name-$shard.log"; }
  done
  [ $failed -eq 0 ] || { echo "emulator: $name FAILED"; exit 1; }
  echo "emulator: $name: $(grep -ohE '^\[  PASSED  \] [0-9]+' "$build"/emulator-"$name"-*.log | awk '{n += $4} END {print n}') tests passed after $SECONDS s"
}

run kernels src/gpu/gpu_test '*'
run models src/models/models_test '*Device*'
for card in gfx942 gfx1100; do
  ESTOC_TEST_DEVICE=emulator-$card run "models-$card" src/models/models_test 'Forms/DeviceStacks.*:Forms/DeviceInvariance.*:Options/DeviceParts.*'
done
