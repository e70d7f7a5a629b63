#!/usr/bin/env bash
# Checks and times the kernels on the card of this machine; summary last. Under nine minutes, each stage with its own limit.
#
#   gpu-carry/gpu.sh            from the folder that `make gpu` fills: gpu_check, its images and the kernels' source
#
# Logs go to $OUT (default /tmp/gpu_out). Needs the driver only. Where nvcc is, the same source is also compiled by it and
# timed again ("nvcc" in the summary). Changes nothing on the card.
cd "$(dirname "$0")" || exit 1
OUT=${OUT:-/tmp/gpu_out}
mkdir -p "$OUT"
summary=$OUT/summary.txt
: > "$summary"
SECONDS=0
end=${GPU_SECONDS:-520}

say() { echo "$*" | tee -a "$summary"; }
left() { local l=$((end - SECONDS)); [ $l -gt "$1" ] && l=$1; [ $l -lt 1 ] && l=1; echo $l; }

stage() {  # name, seconds, further arguments of gpu_check
  local name=$1 limit; limit=$(left "$2"); shift 2
  local log=$OUT/$name$tag.log begin=$SECONDS
  timeout -k 2 "$limit" ./gpu_check "${name%%-*}" --seconds "$((limit - 2))" "$@" > "$log" 2>&1
  code=$?
  [ -n "$tag" ] && say "-- nvcc:"
  grep -E '^[=!]' "$log" | cut -c1-230 >> "$summary"
  echo "stage $name$tag: exit $code, $((SECONDS - begin)) s"
  [ $code -eq 0 ] || say "! stage $name$tag: exit $code after $((SECONDS - begin)) s (124, 137: its time was over): $(tail -1 "$log" | cut -c1-150)"
}

say "= $(timeout 10 nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem,temperature.gpu,power.limit --format=csv,noheader 2>&1 | head -1)"
chmod +x gpu_check
local_cubin=$OUT/nvcc.cubin
nvcc=$(command -v nvcc || ls /usr/local/cuda*/bin/nvcc 2> /dev/null | head -1)
if [ -n "$nvcc" ] && [ -z "$GPU_NO_NVCC" ]; then
  timeout 100 "$nvcc" -std=c++20 -O3 --expt-relaxed-constexpr -Xptxas -v -cubin -I . -o "$local_cubin" \
    -gencode=arch=compute_90a,code=sm_90a gpu/source/kernels.cu > "$OUT/nvcc.log" 2>&1 &
  compiling=$!
fi

tag=
stage version 15
stage correct 90
stage kernels 200
roof=$(sed -n 's/^= roof: reading \([0-9]*\) GB.*/\1/p' "$OUT/kernels.log")
stage step 60 --roof "${roof:-0}"
stage prompt 75 --roof "${roof:-0}"
stage gemm 40
stage linear 60 --roof "${roof:-0}"
if [ -n "$compiling" ] && wait "$compiling" && [ -s "$local_cubin" ]; then
  say "= nvcc of this machine: $("$nvcc" --version | grep -o 'release [0-9.]*'), kernels that spill: $(grep -c ' [1-9][0-9]* bytes spill' "$OUT/nvcc.log")"
  tag=-nvcc
  [ $((end - SECONDS)) -gt 15 ] && stage correct 30 --image "$local_cubin"
  [ $((end - SECONDS)) -gt 15 ] && stage step 40 --image "$local_cubin" --roof "${roof:-0}"
fi
echo "==== summary, $SECONDS s"
cat "$summary"
