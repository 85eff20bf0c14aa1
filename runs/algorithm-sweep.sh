#!/usr/bin/env bash
# PPO, GRPO and expert iteration from the same bases, three seeds each; then expert iteration that keeps
# duplicates. Ends with a Markdown table each, also in OUT/sweep.md and OUT-expert/sweep.md, and
# a line per run in sweep.csv beside them. What a round keeps of each format is format/F/kept in
# OUT/*/nano/metrics.jsonl.
# Arguments after the folder go to the sweep, such as --jobs 1 to leave a core free.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/algorithm-sweep}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep configs/sweep-algorithm.toml --out "$out" "${@:2}"
mkdir -p "$out-expert"
[ -e "$out-expert/shared" ] || ln -s "$(cd "$out/shared" && pwd)" "$out-expert/shared" # the same bases
./anechoic sweep configs/sweep-expert.toml --out "$out-expert" "${@:2}"
