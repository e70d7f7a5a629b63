#!/usr/bin/env bash
# Whole models on the card of this machine, packed by bench/gpu_model.sh beside this file; table last.
#
# GPU_SECONDS: when it stops (540). GPU_DEVICE: what to run on (cuda; "emulator" tries the script). Logs and the table are
# in $OUT (/tmp/gpu_model). Exits 1 when a stage failed. Needs the driver only and changes nothing on the card.
cd "$(dirname "$0")" || exit 1
OUT=${OUT:-/tmp/gpu_model}
device=${GPU_DEVICE:-cuda}
export LD_LIBRARY_PATH=$PWD/lib
mkdir -p "$OUT"
log=$OUT/log.txt table=$OUT/table.txt
: > "$log"; : > "$table"
SECONDS=0
end=${GPU_SECONDS:-540}
failed=0

stage() {  # name, seconds, command
  local name=$1 limit=$2 begin=$SECONDS code; shift 2
  [ $((end - SECONDS)) -lt "$limit" ] && limit=$((end - SECONDS))
  if [ "$limit" -lt 5 ]; then echo "! $name: no time left" >> "$table"; failed=1; return; fi
  echo "== $name" >> "$log"
  timeout -k 2 "$limit" "$@" > "$OUT/stage.txt" 2>> "$log"
  code=$?
  cat "$OUT/stage.txt" >> "$log"
  if [ $code -ne 0 ]; then echo "! $name: exit $code after $((SECONDS - begin)) s: $(tail -2 "$log" | tr '\n' ' ' | cut -c1-300)" >> "$table"; failed=1; return 1; fi
  echo "-- $name: $((SECONDS - begin)) s" >> "$table"
}

model() {  # name, rows of -b, prompts
  stage "$1" "$4" ./estoc bench model "$1" --device "$device" -p "$2" -n "${GPU_TOKENS:-64}" -b "$3" -r 3 -o json \
    --log-level warn --batch-tokens 2048 && python3 - "$OUT/stage.txt" >> "$table" <<'P'
import json, sys
for row in json.load(open(sys.argv[1])):
    speed = row["tok_s_median"]
    batch = row.get("batch", 1)
    text = f"   {row['test']:22} {speed:10.1f} tok/s"
    if row["test"].startswith("tg"):
        text += f"  {1000 * batch / speed:8.3f} ms a step"
    else:
        text += f"  {1000 * int(row['test'][2:].split()[0]) / speed:8.2f} ms"
    print(text)
P
}

echo "= $(timeout 10 nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>&1 | head -1), $(cat commit.txt)" >> "$table"
stage "layers on the card against the CPU" 60 env ESTOC_TEST_DEVICE="$device" ESTOC_EMULATOR=all ./models_test --gtest_filter='*DeviceStack*:*DeviceParts*' --gtest_brief=1
if [ "$device" = emulator ]; then exit $failed; fi
model random:qwen3-0.6b:q4_0 128,512,2048 1,8,32,128 30
model random:qwen3-0.6b:bf16 128,512,2048 1,8,32,128 30
model random:llama-3.1-8b:q4_0 128,512,2048,8192 1,8,32,128 40
model random:llama-3.1-8b:bf16 128,512,2048,8192 1,8,32,128 50
model random:llama-3.1-8b:q8_0 512,2048 1,8,32 50
model random:llama-3.1-8b:q4_k 512,2048 1,8,32 50
model random:gpt-oss-20b:q4_0 128,512,2048 1,8,32 60
model random:qwen3-30b-a3b:q4_0 128,512,2048 1,8,32 60
model random:qwen3.5-0.8b:q8_0 128,512,2048 1,8,32 40
model random:lfm2-1.2b:q8_0 128,512,2048 1,8,32 40
model random:deepseek-v2-lite-cut:q4_0 128,512,2048 1,8,32 40
for shape in qwen3-0.6b llama-3.1-8b; do
  begin=$(date +%s%N)
  stage "one token of $shape q4_0 from start" 30 ./estoc bench model "random:$shape:q4_0" --device "$device" -p 0 -n 1 -r 1 \
    -o json --log-level warn
  echo "   $((($(date +%s%N) - begin) / 1000000)) ms" >> "$table"
done
stage "every kernel" 90 ./gpu_check correct --seconds 85
stage "sampling" 20 ./gpu_check sample --seconds 18
grep -hE '^[=!] ' "$OUT/stage.txt" >> "$table"
stage "projections" 60 ./gpu_check linear --seconds 58
grep -hE '^[=!] ' "$OUT/stage.txt" >> "$table"
stage "products of prompts" 40 ./gpu_check gemm --seconds 38
grep -hE '^[=!] ' "$OUT/stage.txt" >> "$table"
if [ -x "$(command -v compute-sanitizer)" ]; then
  stage "compute-sanitizer: layers on the card" 90 env ESTOC_TEST_DEVICE="$device" compute-sanitizer --error-exitcode 9 ./models_test \
    --gtest_filter='*ComputeWhatTheCpuDoes/bf16:*ComputeWhatTheCpuDoes/q4_0*:*TheLargest*/bf16' --gtest_brief=1
fi
cat "$table"
exit $failed
