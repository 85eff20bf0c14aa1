#!/usr/bin/env bash
# Which format wins against the size of the model, three seeds each.
# Ends with a Markdown table, also in OUT/sweep.md, and a line per run in OUT/sweep.csv.
# Arguments after the folder go to the sweep, such as --jobs 1 to leave a core free.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/size-sweep}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep configs/sweep-size.toml --out "$out" "${@:2}"
