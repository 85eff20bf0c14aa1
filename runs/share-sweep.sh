#!/usr/bin/env bash
# Which format wins against the share of code in the mixture: five shares x three seeds.
# Ends with a Markdown table, also in OUT/sweep.md, and a line per run in OUT/sweep.csv.
# Arguments after the folder go to the sweep, such as --jobs 1 to leave a core free.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/share-sweep}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep configs/sweep-share.toml --out "$out" "${@:2}"
