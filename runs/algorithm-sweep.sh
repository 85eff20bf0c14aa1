#!/usr/bin/env bash
# PPO, GRPO and expert iteration from the same bases, three seeds each.
# Ends with a Markdown table, also in OUT/sweep.md, and a line per run in OUT/sweep.csv.
# Arguments after the folder go to the sweep, such as --jobs 1 to leave a core free.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/algorithm-sweep}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep configs/sweep-algorithm.toml --out "$out" "${@:2}"
