#!/usr/bin/env bash
# The study on GSM8K: the folder holds train.jsonl and test.jsonl (default ../shared/data/gsm8k).
# Expected on two idle cores: under 30 minutes in all. Ends with the times of the stages and the
# figures before and after RL in Markdown (also in OUT/report.md); docs/results.md quotes them.
# Arguments after the folders go to the study, such as --set threads=1: the figures stay the same.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data/gsm8k}
out=${2:-out/gsm8k}
./anechoic doctor | sed -n '1,12p'
time ./anechoic study configs/gsm8k.toml --data "gsm8k=$data" --out "$out" "${@:3}"
seconds() { grep -o '"seconds" *: *[0-9.]*' "$1" | grep -o '[0-9.]*$'; }
printf 'corpus %.0f s, pretraining %.0f s, RL with both evaluations %.0f s\n\n' \
  "$(seconds "$out/corpus/stage-corpus.json")" "$(seconds "$out/micro/base/stage-base.json")" \
  "$(seconds "$out/micro/stage-rl.json")"
cat "$out/report.md"
