#!/usr/bin/env bash
# Compares the kernels of commits on one card in one visit. Two commands, the second on the machine with the card:
#
#   bench/gpu_compare.sh 36e8c8b HEAD      fills build/gpu-compare: gpu_check and the kernels of each commit, and run.sh
#   build/gpu-compare/run.sh               checks and times them in turn (bench/gpu_compare_run.sh)
#
# Name the base first; the results of the last are checked before anything is timed. Each commit is built from its own files, the
# kernels by this tree's tools/gpu_images.py, for the card that ESTOC_GPU_IMAGE names (default sm_90a). Needs what `make gpu`
# installs. What is under build/gpu-compare-trees is built once a commit and may be removed at any time.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
image=${ESTOC_GPU_IMAGE:-sm_90a}
out=build/gpu-compare
rm -rf "$out" && mkdir -p "$out"
tools/gpu_images.py --install build/gpu-tools
for name in "$@"; do
  commit=$(git rev-parse --verify --quiet --short=7 "$name^{commit}") || { echo "gpu_compare: no commit '$name'" >&2; exit 1; }
  tree=build/gpu-compare-trees/$commit
  if [ ! -e "$tree/.complete" ]; then
    rm -rf "$tree" && mkdir -p "$tree"
    git archive "$commit" | tar -x -C "$tree"
    touch "$tree/.complete"
  fi
  (cd "$tree" && cmake --preset release -DESTOC_GPU_IMAGES=OFF > cmake.log && cmake --build build/release --target gpu_check)
  [ -e "$tree/images/$image.cubin" ] || tools/gpu_images.py --source "$tree" --only "$image" --out "$tree/images"
  mkdir -p "$out/$commit"
  cp "$tree/build/release/gpu_check" "$out/$commit/" && strip "$out/$commit/gpu_check"
  cp "$tree/images/$image.cubin" "$out/$commit/kernels.cubin"
  git log -1 --format='%h %s' --abbrev=7 "$commit" >> "$out/commits.txt"
done
cp bench/gpu_compare_run.sh "$out/run.sh"
du -sh "$out"
