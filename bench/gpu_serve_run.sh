#!/usr/bin/env bash
# A server with a whole model on the card of this machine under load: start, first tokens, gaps. Needs python3 with numpy.
#
#   bench/gpu_serve_run.sh ESTOC [SHAPE] [RATES] [FORMAT]     run.sh's neighbour; random weights are made in /dev/shm
#
# FORMAT: bf16, a folder (tools/random_folder.py), or q4_0, a GGUF file (tools/random_gguf.py). RATES: requests a second,
# like 5,20,40; "none" only starts it.
#
# Logs and the table are in $OUT (/tmp/gpu_serve).
set -u
estoc=$(realpath "$1") shape=${2:-llama-3.1-8b} rates=${3:-5,20,40,80} format=${4:-bf16}
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-/tmp/gpu_serve}
mkdir -p "$OUT"
if [ "$format" = q4_0 ]; then
  model=/dev/shm/estoc-$shape.gguf
  [ -e "$model" ] || timeout 120 python3 tools/random_gguf.py "$shape" "$model" || exit 1
else
  model=/dev/shm/estoc-$shape
  [ -e "$model/model.safetensors" ] || timeout 120 python3 tools/random_folder.py "$shape" "$model" || exit 1
fi
begin=$(date +%s%N)
"$estoc" serve "$model" --device "${GPU_DEVICE:-cuda}" --port 8471 --ctx 4096 --threads 4 --log-level info --debug-steps 8192 > "$OUT/server-$shape.log" 2>&1 &
server=$!
trap 'kill $server; wait $server' EXIT
for _ in $(seq 600); do
  curl -sf http://127.0.0.1:8471/readyz > /dev/null && break
  kill -0 $server || { tail -3 "$OUT/server-$shape.log"; exit 1; }
  sleep 0.02
done
ready=$((($(date +%s%N) - begin) / 1000000))
curl -s http://127.0.0.1:8471/v1/completions -d '{"prompt":"Hello there","max_tokens":1}' > "$OUT/first.json"
echo "= $shape $format: ready after $ready ms, a first answer at $((($(date +%s%N) - begin) / 1000000)) ms: $(cut -c1-200 "$OUT/first.json")"
grep -E "layers on|keys and values|serving on" "$OUT/server-$shape.log" | cut -c1-200
[ "$rates" = none ] && exit
timeout 200 "$estoc" bench serve --url http://127.0.0.1:8471 --endpoint completions --workload synthetic \
  --input-tokens "${GPU_INPUT:-60}" --output-tokens 64 --rate "$rates" --duration "${GPU_SECONDS:-12}" --warmup 2 --pause 1 \
  --json "$OUT/serve-$shape.json" 2> "$OUT/bench-$shape.log"
curl -s http://127.0.0.1:8471/debug/steps > "$OUT/steps-$shape.json"
curl -s http://127.0.0.1:8471/metrics | grep -E "step_seconds|prompt_tokens_total|preempt" | grep -v bucket | head -20
