#!/usr/bin/env bash
# Runs what was built with ThreadSanitizer in BUILD_DIR: the unit tests of the rooms with threads, then a soak of SECONDS
# against the server (tests/soak.py, tiny model). Fails on any report. PYTHON has the packages of tests/requirements.txt.
#   tools/tsan.sh BUILD_DIR SECONDS PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?build directory} seconds=${2:?seconds} python=${3:?python}
rooms=(base kv http engine server)

# A report makes the process end with 66; the run goes on to its end, so that one run shows all reports.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 ${TSAN_OPTIONS:-}"
# Sanitizers of this age do not know the address layouts of some kernels: where it is allowed, without randomization.
plain=()
setarch "$(uname -m)" -R true 2> /dev/null && plain=(setarch "$(uname -m)" -R)

for room in "${rooms[@]}"; do
  test_binary=$build/src/$room/${room}_test
  # A build without the sanitizer would pass everything.
  grep -qa __tsan_init "$test_binary" || { echo "tsan: $test_binary is not built with ThreadSanitizer" >&2; exit 1; }
  log=$build/$room.log
  if ! "${plain[@]}" "$test_binary" --gtest_brief=1 > "$log" 2>&1 || grep -q 'WARNING: ThreadSanitizer' "$log"; then
    tail -n 100 "$log" >&2
    echo "tsan: $room: failed (whole output in $log)" >&2
    exit 1
  fi
  echo "tsan: $room: $(sed -nE 's,.*\] ([0-9]+ tests?) from .* ran.*,\1,p' "$log"): no report"
done
# Shadow memory grows with the program's: how much memory is used is looked at without the sanitizer.
ESTOC_BINARY=$build/src/apps/estoc "${plain[@]}" "$python" tests/soak.py --seconds "$seconds" --clients 16 \
  --growth-mib 1000 --server-args "--http-threads 2"
