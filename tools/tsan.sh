#!/usr/bin/env bash
# A soak of SECONDS against the server that was built with ThreadSanitizer in BUILD_DIR (tests/soak.py, tiny model). Fails
# on any report. PYTHON has the packages of tests/requirements.txt.
#   tools/tsan.sh BUILD_DIR SECONDS PYTHON
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?build directory} seconds=${2:?seconds} python=${3:?python}
binary=$build/src/apps/estoc

# A report makes the process end with 66; the run goes on to its end, so that one run shows all reports.
export TSAN_OPTIONS="exitcode=66 halt_on_error=0 second_deadlock_stack=1 ${TSAN_OPTIONS:-}"
# Sanitizers of this age do not know the address layouts of some kernels: where it is allowed, without randomization.
plain=()
setarch "$(uname -m)" -R true 2> /dev/null && plain=(setarch "$(uname -m)" -R)

# A build without the sanitizer would pass everything.
grep -qa __tsan_init "$binary" || { echo "tsan: $binary is not built with ThreadSanitizer" >&2; exit 1; }
# Shadow memory grows with the program's: how much memory is used is looked at without the sanitizer.
ESTOC_BINARY=$binary "${plain[@]}" "$python" tests/soak.py --seconds "$seconds" --clients 16 \
  --growth-mib 1000 --server-args "--http-threads 2"
