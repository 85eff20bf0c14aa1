#!/usr/bin/env bash
# The demo, timed, with the line of the machine that ran it.
# Expected on two cores: nano within 4 minutes, both models within 12; see docs/results.md.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/demo}
./anechoic doctor | sed -n '1,12p'
time ./anechoic demo --out "$out"
