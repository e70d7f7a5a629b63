#!/usr/bin/env bash
# Whole models on a card, without a file and without a network. Two commands, the second on the machine with the card:
#
#   bench/gpu_model.sh              fills build/gpu-model: estoc, a test program, the libraries they need, and run.sh
#   build/gpu-model/run.sh          layers on the card against the CPU, then speed (bench/gpu_model_run.sh)
#
# Needs what `make gpu` installs. GPU_IMAGES=sm_90a makes the kernels of that card only. The folder holds about 40 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
out=build/gpu-model
tools/gpu_images.py --install build/gpu-tools
cmake --preset release -DESTOC_GPU_IMAGES="${GPU_IMAGES:-ON}" > /dev/null
cmake --build build/release --target estoc models_test gpu_check
rm -rf "$out" && mkdir -p "$out/lib"
cp build/release/src/apps/estoc build/release/src/models/models_test build/release/gpu_check "$out/"
strip "$out/estoc" "$out/models_test" "$out/gpu_check"
# Everything but the C library, which is the machine's.
ldd "$out/estoc" "$out/models_test" | awk '$3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' | xargs -I{} cp -L {} "$out/lib/"
cp bench/gpu_model_run.sh "$out/run.sh"
git log -1 --format='%h %s' > "$out/commit.txt"
du -sh "$out"
