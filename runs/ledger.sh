#!/usr/bin/env bash
# One run per KL coefficient {0, 0.1, 1} on the demo's small base with the ledger on. Ends with a table in
# Markdown, also in OUT/ledger.md: the Price split of the gain, the agreement of predicted and observed
# movement, and the ledger's cost; docs/results.md quotes it. A second argument names
# another sweep, such as a smaller one to try the script.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/ledger}
config=${2:-configs/sweep-ledger.toml}
./anechoic doctor | sed -n '1,12p'
time ./anechoic sweep "$config" --out "$out"
./anechoic ledger "$out"/[0-9]* | tee "$out/ledger.md"
./anechoic report "$out"/[0-9]* --title "The ledger at three KL coefficients" --out "$out/report.html"
