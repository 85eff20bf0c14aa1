#!/usr/bin/env bash
# Starts fresh JVMs that each time the hot kernels, and counts the launches in which one was slow.
# Run it on an idle machine: a busy core looks like a slow kernel.
#
#   runs/launches.sh [LAUNCHES] [FILE]     100 launches take about 2 minutes; FILE gets the counts
set -euo pipefail
cd "$(dirname "$0")/.."
launches=${1:-100}
file=${2:-}

case $launches in
  '' | *[!0-9]* | 0)
    echo "launches.sh: LAUNCHES: expected a number above 0, got '$launches'" >&2
    exit 2
    ;;
esac
./anechoic --help >/dev/null # builds, and keeps the build out of the first launch
slow=0
for launch in $(seq "$launches"); do
  status=0
  report=$(./anechoic bench self-test 2>&1) || status=$?
  case $status in
    0) ;;
    1)
      slow=$((slow + 1))
      printf 'launch %d\n%s\n' "$launch" "$report"
      ;;
    *)
      printf '%s\n' "$report" >&2
      exit "$status"
      ;;
  esac
done
echo "$((launches - slow)) of $launches launches ran at full speed"
[ -z "$file" ] || printf '{"launches": %d, "slow": %d}\n' "$launches" "$slow" >"$file"
[ "$slow" = 0 ]
