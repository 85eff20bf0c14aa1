#!/usr/bin/env bash
# Measures everything that docs/performance.md claims, and writes the page's generated part.
#
#   runs/performance.sh [OUT] [--quick]
#
# OUT (default out/performance) keeps the rows as JSON. On an idle machine of 2 cores it takes about
# an hour, with --quick 15 minutes. The libraries to compare with need Linux on x86-64; elsewhere
# their part is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
out=out/performance
quick=
for argument in "$@"; do
  case $argument in
    --quick) quick=--quick ;;
    -*)
      echo "performance.sh: unknown option $argument" >&2
      exit 2
      ;;
    *) out=$argument ;;
  esac
done
mkdir -p "$out"

./anechoic bench ops $quick --json "$out/ops.json"
set -- --ops "$out/ops.json"
if [ "$(uname -sm)" = 'Linux x86_64' ]; then
  if [ -n "$quick" ]; then
    runs/peers.sh --rounds 3 --seconds 0.1 --warmup 0.3 --json "$out/peers.json"
  else
    runs/peers.sh --json "$out/peers.json"
  fi
  set -- "$@" --peers "$out/peers.json"
fi
launches=100
[ -z "$quick" ] || launches=20
runs/launches.sh "$launches" "$out/launches.json" || [ -s "$out/launches.json" ]
./anechoic bench page "$@" --launches "$out/launches.json" --page docs/performance.md
