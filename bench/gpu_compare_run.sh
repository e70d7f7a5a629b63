#!/usr/bin/env bash
# Checks and times the commits that bench/gpu_compare.sh packed beside this file, on the card of this machine; table last.
#
#   run.sh [ARGUMENTS of every gpu_check: --emulator]
#
# GPU_SECONDS: when it stops (300, enough for two commits). GPU_STAGES: a pattern of stages ("step|correct"). GPU_SLOWER:
# what the stages' limits are multiplied by (the emulator needs 10). Logs, the table and all lines of the stages' summaries
# are in $OUT (/tmp/gpu_compare). Exits 1 when a stage failed. Needs the driver only and changes nothing on the card. Each
# stage runs all commits in turn; times of different visits do not compare, and neither does a step that asks for weights
# ahead with one of an older commit that cannot: there "overlapping" is what both have. Products of prompts in every form and
# sampling are timed for the last commit only.
cd "$(dirname "$0")" || exit 1
OUT=${OUT:-/tmp/gpu_compare}
mkdir -p "$OUT" && rm -f "$OUT"/*.log
summary=$OUT/summary.txt
: > "$summary"
SECONDS=0
end=${GPU_SECONDS:-300}
more=("$@")
failed=0
mapfile -t commits < <(cut -d' ' -f1 commits.txt)
last=${commits[-1]}

stage() {  # commit, stage, seconds, further arguments
  local commit=$1 name=$2 limit=$(($3 * ${GPU_SLOWER:-1})); shift 3
  [[ $name =~ ${GPU_STAGES:-.} ]] || return
  local left=$((end - SECONDS)) log=$OUT/$name-$commit.log begin=$SECONDS code
  [ $left -lt "$limit" ] && limit=$left
  if [ "$limit" -lt 5 ]; then echo "! $name of $commit: no time left" >> "$summary"; failed=1; return; fi
  timeout -k 2 "$limit" "$commit/gpu_check" "$name" --seconds "$((limit - 3))" --image "$commit/kernels.cubin" "$@" \
    "${more[@]}" > "$log" 2>&1
  code=$?
  echo "-- $name of $commit: exit $code, $((SECONDS - begin)) s" >> "$summary"
  grep -E '^[=!]' "$log" | cut -c1-260 >> "$summary"
  if [ $code -ne 0 ]; then echo "! $name of $commit: $(tail -1 "$log" | cut -c1-150)" >> "$summary"; failed=1; fi
}

echo "= $(timeout 10 nvidia-smi --query-gpu=name,driver_version,clocks.sm,temperature.gpu,power.limit --format=csv,noheader 2>&1 | head -1)" >> "$summary"
stage "$last" correct 60
stage "$last" kernels 12 --filter roof  # of no kernel's name: the card's rates alone
roof=$(sed -n 's/^= roof: reading \([0-9]*\) GB.*/\1/p' "$OUT/kernels-$last.log" 2> /dev/null)
timing=(--roof "${roof:-0}")
for commit in "${commits[@]}"; do stage "$commit" step 45 "${timing[@]}"; done
for commit in "${commits[@]}"; do stage "$commit" kernels 25 --filter attention; done
for commit in "${commits[@]}"; do stage "$commit" linear 22 "${timing[@]}"; done
stage "$last" gemm 40

cat > "$OUT/table.awk" <<'A'
function keep(kind, key, text) {
  if (!((kind, key) in seen)) { seen[kind, key] = 1; keys[kind] = keys[kind] "\n" key }
  cell[kind, key, commit] = text
}
FNR == 1 { commit = FILENAME; sub(/\.log$/, "", commit); sub(/.*-/, "", commit) }
/^= step .*plain/ {  # the number behind each word, and the share of reading
  text = ""
  for (i = 1; i < NF; ++i) {
    v = $(i + 1); sub(/,/, "", v)
    if ($i == "plain" || $i == "overlapping" || $i == "shapes") text = text " " $i " " v
    if ($i == "ahead") { v = $(i + 3); sub(/,/, "", v); text = text " ahead " v " [" $(i + 1) "]" }
    if ($i ~ /%$/ && v == "of") text = text " " $i
  }
  keep("step", $3 " " $4 " " $5, text)
}
/^= .* us +[0-9]+ GB\/s/ { split(substr($0, 57), w, " "); keep("kernels", substr($0, 3, 53), w[1] " us") }
/^= projections/ { rows = $0; sub(/.* at /, "", rows); sub(/ rows.*/, "", rows); split(rows, row, ", ") }
/^= [a-z0-9_]+ +(8B|0\.6B|tiny).*\|/ {
  head = $0; sub(/ *\|.*/, "", head); sub(/^= /, "", head); gsub(/ +/, " ", head)
  n = split($0, part, "|"); text = ""
  for (i = 2; i <= n; ++i) {
    us = part[i]; sub(/.*\] /, "", us); sub(/ *\(.*/, "", us); gsub(/ /, "", us)
    if (row[i - 1] != 4) text = text " " row[i - 1] ": " us
  }
  keep("linear", head, text)
}
function show(kind, title,   n, m, i, j, k, c, line) {
  if (keys[kind] == "") return
  print "## " title
  n = split(keys[kind], k, "\n"); m = split(order, c, " ")
  for (i = 2; i <= n; ++i) {
    line = k[i] ":"
    for (j = 1; j <= m; ++j) line = line " | " c[j] " " ((kind, k[i], c[j]) in cell ? cell[kind, k[i], c[j]] : "-")
    gsub(/  +/, " ", line); print line
  }
}
END {
  show("step", "step, ms: plain, overlapping, best distance ahead [MiB projections/attention], then other shapes; share of reading")
  show("kernels", "attention alone")
  show("linear", "projections, us by rows, best launch shape")
}
A
shopt -s nullglob
logs=("$OUT"/step-*.log "$OUT"/kernels-*.log "$OUT"/linear-*.log)
if [ ${#logs[@]} -gt 0 ]; then awk -v order="${commits[*]}" -f "$OUT/table.awk" "${logs[@]}" > "$OUT/table.txt" 2>&1; fi
echo "==== $SECONDS s, logs in $OUT"
cat commits.txt "$OUT/table.txt" 2> /dev/null
grep -E '^(!|--|= (roof|correct|gemm) ?)|^= NVIDIA' "$summary"
exit $failed
