#!/usr/bin/env bash
# Runs every fuzz harness of a build for some seconds each.
#
#   tools/fuzz.sh BUILD_DIR SECONDS
#
# Inputs found on the way stay in BUILD_DIR/corpus/<harness>; tests/fuzz/seeds/<harness> is read when it exists. A crash
# ends the run with the harness's report and leaves the input in BUILD_DIR/crashes.
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=$1
seconds=$2
source_dir=$(cd "$(dirname "$0")/.." && pwd)
shopt -s nullglob
harnesses=("$build"/tests/fuzz/*_fuzz)
[ ${#harnesses[@]} -gt 0 ] || { echo "fuzz: no harness in $build/tests/fuzz" >&2; exit 1; }
mkdir -p "$build/crashes"
failed=()
for harness in "${harnesses[@]}"; do
  name=$(basename "$harness")
  mkdir -p "$build/corpus/$name"
  folders=("$build/corpus/$name")
  [ ! -d "$source_dir/tests/fuzz/seeds/$name" ] || folders+=("$source_dir/tests/fuzz/seeds/$name")
  log=$build/$name.log
  if "$harness" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
       -artifact_prefix="$build/crashes/$name-" "${folders[@]}" > "$log" 2>&1; then
    echo "fuzz: $name: $(awk '/number_of_executed_units/{print $2}' "$log") inputs in $seconds s, nothing found"
  else
    tail -n 60 "$log" >&2
    echo "fuzz: $name failed (whole report in $log)" >&2
    failed+=("$name")
  fi
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz: ${#failed[@]} of ${#harnesses[@]} failed: ${failed[*]}" >&2; exit 1; }
