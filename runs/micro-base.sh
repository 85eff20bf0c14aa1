#!/usr/bin/env bash
# Pretrains micro for about five minutes of two cores and looks at 2,048 completions of it: the share,
# the accuracy, and the well-formed part of each format. Expected: three formats, each well-formed in
# at least 95 %, accuracies between 5 and 90 % that differ. Arguments after the folder go to the
# study, such as --set threads=1: the figures stay the same.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-out/micro-base}
./anechoic doctor | sed -n '1,12p'
./anechoic study configs/micro-base.toml --out "$out" "${@:2}"
row=$(grep '"stage":"rl"' "$out/micro/metrics.jsonl" | head -n 1)
value() { grep -o "\"$1\":[^,}]*" <<<"$row" | cut -d: -f2; }
echo "pretraining: $(grep -o '"seconds" *: *[0-9.]*' "$out/micro/base/stage-base.json")"
echo "| format | share | well-formed | accuracy |"
echo "|---|---|---|---|"
for format in code tool text; do
  printf '| %s | %.1f %% | %.1f %% | %.1f %% |\n' "$format" \
    "$(awk "BEGIN { print 100 * $(value "format/$format/share") }")" \
    "$(awk "BEGIN { print 100 * $(value "format/$format/well_formed") }")" \
    "$(awk "BEGIN { print 100 * $(value "format/$format/reward") }")"
done
