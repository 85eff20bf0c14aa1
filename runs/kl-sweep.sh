#!/usr/bin/env bash
# Final share of the winner per KL coefficient on the demo's small base: six coefficients x three
# seeds, 18 runs on three bases. Ends with a Markdown table, also in OUT/sweep.md, and a line per run
# in OUT/sweep.csv.
# Arguments after the folder go to the sweep, such as --jobs 1 to leave a core free.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/kl-sweep}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep configs/sweep-kl.toml --out "$out" "${@:2}"
