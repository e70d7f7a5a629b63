#!/usr/bin/env bash
# Runs the fuzz harnesses of a build, SECONDS altogether, each for an equal share, as many at once as there are CPUs.
#
#   tools/fuzz.sh BUILD_DIR SECONDS [HARNESS...]      without names: all that were built
#
# Inputs found on the way stay in BUILD_DIR/corpus/<harness>. Each harness has to have seeds: in tests/fuzz/seeds/<harness>,
# or written by the program <harness without _fuzz>_seeds. A crash leaves the input in BUILD_DIR/crashes and the harness's
# report on the screen.
set -euo pipefail

[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$1 seconds=$2
shift 2
source_dir=$(cd "$(dirname "$0")/.." && pwd)
shopt -s nullglob
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for harness in "$build"/tests/fuzz/*_fuzz; do names+=("$(basename "$harness")"); done
fi
[ ${#names[@]} -gt 0 ] || { echo "fuzz: no harness in $build/tests/fuzz" >&2; exit 1; }
jobs=$(nproc)
share=$((seconds * jobs / ${#names[@]}))
[ "$share" -ge 1 ] || share=1
mkdir -p "$build/crashes"

fuzz_one() {
  local name=$1 log=$build/$1.log corpus=$build/corpus/$1 seeds=$source_dir/tests/fuzz/seeds/$1
  local maker=$build/tests/fuzz/${1%_fuzz}_seeds
  if [ -x "$maker" ]; then
    seeds=$build/seeds/$name
    mkdir -p "$seeds"
    "$maker" "$seeds"
  fi
  [ -n "$(ls -A "$seeds" 2> /dev/null)" ] || { echo "fuzz: $name has no seeds in tests/fuzz/seeds/$name" >&2; return 1; }
  mkdir -p "$corpus"
  if "$build/tests/fuzz/$name" -max_total_time="$share" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
       -artifact_prefix="$build/crashes/$name-" "$corpus" "$seeds" > "$log" 2>&1; then
    echo "fuzz: $name: $(awk '/number_of_executed_units/{print $2}' "$log") inputs in $share s, nothing found"
  else
    tail -n 60 "$log" >&2
    echo "fuzz: $name FAILED (whole report in $log)" >&2
    return 1
  fi
}

failed=0
running=0
for name in "${names[@]}"; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n || failed=$((failed + 1))
    running=$((running - 1))
  fi
  fuzz_one "$name" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=$((failed + 1))
  running=$((running - 1))
done
[ "$failed" -eq 0 ] || { echo "fuzz: $failed of ${#names[@]} failed" >&2; exit 1; }
