#!/bin/sh
# Ten kills at random moments, a resume after each: the final checkpoint is that of a run that was
# never stopped. Prints both manifest hashes and ends with 0 where they are equal.
#
#   runs/pretrain-kill-resume.sh [FOLDER]     default out/kill-resume; about 5 minutes on 2 cores
#
# SEED picks the moments; every second kill is a SIGTERM, which writes a checkpoint first, the others
# are SIGKILL, which must lose nothing but the steps since the last one.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
folder=${1:-$root/out/kill-resume}
seed=${SEED:-1}
kills=10

# Ends in exec, so that in the background its process is the JVM, which gets the signals.
pretrain() {
  exec "$root/anechoic" pretrain "$root/configs/pretrain-nano.toml" --resume \
    --set max_tokens=1_500_000 --set corpus.blocks=20 --set checkpoint_every=50 "$@"
}

hash_of() { sha256sum "$1/checkpoint/manifest.json" | cut -d' ' -f1; }

rm -rf "$folder"
mkdir -p "$folder"
start=$(date +%s)
(pretrain --out "$folder/whole") > "$folder/whole.log"
seconds=$(($(date +%s) - start))
echo "never stopped: $seconds s, $(hash_of "$folder/whole")"

n=0
while [ "$n" -lt "$kills" ]; do
  n=$((n + 1))
  pretrain --out "$folder/killed" >> "$folder/killed.log" 2>&1 &
  process=$!
  # A moment between the start of the JVM and the end of the run, from the seed.
  sleep "$(awk -v s="$seed" -v n="$n" -v t="$seconds" \
    'BEGIN { srand(s * 1000 + n); print 2 + rand() * t / 4 }')"
  signal=$([ $((n % 2)) -eq 0 ] && echo TERM || echo KILL)
  kill -s "$signal" "$process" 2> /dev/null || true
  wait "$process" 2> /dev/null || true
  echo "kill $n of $kills ($signal)"
done
(pretrain --out "$folder/killed") >> "$folder/killed.log" 2>&1
echo "killed $kills times: $(hash_of "$folder/killed")"
[ "$(hash_of "$folder/whole")" = "$(hash_of "$folder/killed")" ]
cmp "$folder/whole/metrics.jsonl" "$folder/killed/metrics.jsonl"
echo "checkpoints and metrics are the same"
