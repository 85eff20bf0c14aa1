#!/usr/bin/env bash
# The study on GSM8K: the folder holds train.jsonl and test.jsonl (default ../shared/data/gsm8k).
# Expected on two idle cores: under 30 minutes in all. Ends with the times of the stages and the
# figures before and after RL in Markdown (also in OUT/report.md), and means of ten steps of training;
# docs/results.md quotes them.
# Arguments after the folders go to the study, such as --set threads=1: the figures stay the same.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data/gsm8k}
out=${2:-out/gsm8k}
./anechoic doctor | sed -n '1,12p'
time ./anechoic study configs/gsm8k.toml --data "gsm8k=$data" --out "$out" "${@:3}"
seconds() { grep -o '"seconds" *: *[0-9.]*' "$1" | grep -o '[0-9.]*$'; }
printf 'corpus %.0f s, pretraining %.0f s, evaluation %.0f s, RL %.0f s, evaluation %.0f s\n\n' \
  "$(seconds "$out/corpus/stage-corpus.json")" "$(seconds "$out/micro/base/stage-base.json")" \
  "$(seconds "$out/micro/stage-eval-before.json")" "$(seconds "$out/micro/stage-rl.json")" \
  "$(seconds "$out/micro/stage-eval-after.json")"
cat "$out/report.md"

echo
echo '| steps | reward | share of code, tool, text | accuracy of code, tool, text |'
echo '|---|---|---|---|'
awk -F, '
  NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
  {
    n++; reward += $column["reward"]
    for (f = 1; f <= split("code tool text", formats, " "); f++) {
      key = "format/" formats[f]
      share[f] += $column[key "/share"]
      right[f] += $column[key "/share"] * $column[key "/reward"]
    }
    if (n == 10) {
      printf "| %d to %d | %.1f %% | %.0f, %.0f, %.0f %% | %.1f, %.1f, %.1f %% |\n", $1 - 9, $1, 10 * reward,
        10 * share[1], 10 * share[2], 10 * share[3],
        100 * right[1] / share[1], 100 * right[2] / share[2], 100 * right[3] / share[3]
      n = reward = 0; split("", share); split("", right)
    }
  }' "$out/micro-metrics.csv"
