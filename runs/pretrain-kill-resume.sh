#!/bin/sh
# Ten kills at random moments, a resume after each: the final checkpoint and the metrics are those of
# a run that was never stopped. Prints both manifest hashes and ends with 0 where all is equal.
#
#   runs/pretrain-kill-resume.sh [FOLDER]     default out/kill-resume; about 4 minutes on 2 cores
#
# SEED picks the moments; TOKENS the length of the run. Every second kill is a SIGTERM, which must
# write a checkpoint and end with 0; the others are SIGKILL, which must lose nothing but the steps
# since the last checkpoint. A kill may also fall into the start, before there is anything to save.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
folder=${1:-$root/out/kill-resume}
seed=${SEED:-1}
tokens=${TOKENS:-1_500_000}
kills=10

# Ends in exec, so that in the background its process is the JVM, which gets the signals.
pretrain() {
  exec "$root/anechoic" pretrain "$root/configs/pretrain-nano.toml" --resume \
    --set "max_tokens=$tokens" --set corpus.blocks=20 --set log_every=20 \
    --set checkpoint_every=20 "$@"
}

hash_of() { sha256sum "$1/checkpoint/manifest.json" | cut -d' ' -f1; }

now() { date +%s.%N; }

calc() { awk "BEGIN { srand($seed * 1000 + ${n:-0}); print $1 }"; }

rm -rf "$folder"
mkdir -p "$folder"
"$root/anechoic" --version > /dev/null # builds, where that is needed
begin=$(now)
pretrain --out "$folder/whole" > "$folder/whole.log" 2>&1 &
process=$!
until grep -q "^step" "$folder/whole.log" 2> /dev/null; do
  kill -0 "$process" 2> /dev/null || { cat "$folder/whole.log"; exit 1; }
  sleep 0.1
done
start=$(calc "$(now) - $begin")
wait "$process"
whole=$(calc "$(now) - $begin")
echo "never stopped: $whole s, of which $start s before the first steps; $(hash_of "$folder/whole")"

n=0
early=0
while [ "$n" -lt "$kills" ]; do
  n=$((n + 1))
  pretrain --out "$folder/killed" >> "$folder/killed.log" 2>&1 &
  process=$!
  # From half of the start to a 14th of the training: ten of them stay well short of the end.
  sleep "$(calc "0.5 * $start + rand() * (0.5 * $start + ($whole - $start) / 14)")"
  kill -0 "$process" 2> /dev/null || early=$((early + 1))
  signal=$([ $((n % 2)) -eq 0 ] && echo TERM || echo KILL)
  kill -s "$signal" "$process" 2> /dev/null || true
  status=0
  wait "$process" || status=$?
  # 143 is a SIGTERM that came before training; then nothing is there to be written.
  case $signal-$status in
    TERM-0 | TERM-143 | KILL-137 | KILL-0) ;;
    *) echo "kill $n ended with $status; see $folder/killed.log" && exit 1 ;;
  esac
  echo "kill $n of $kills: SIG$signal, exit code $status"
done
[ "$early" -eq 0 ] || echo "note: $early of the runs had ended before their kill; raise TOKENS"
(pretrain --out "$folder/killed") >> "$folder/killed.log" 2>&1
echo "killed $kills times: $(hash_of "$folder/killed")"
[ "$(hash_of "$folder/whole")" = "$(hash_of "$folder/killed")" ]
cmp "$folder/whole/metrics.jsonl" "$folder/killed/metrics.jsonl"
echo "checkpoints and metrics are the same"
