#!/bin/sh
# Pretrains nano twice with one seed, with one thread and with two: the same metrics, the same
# checkpoint. Ends with 0 where both are equal; half a minute on 2 cores.
#
#   runs/pretrain-threads.sh [FOLDER]     default out/threads
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
folder=${1:-$root/out/threads}
rm -rf "$folder"
mkdir -p "$folder"
for threads in 1 2; do
  "$root/anechoic" pretrain "$root/configs/pretrain-nano.toml" --out "$folder/$threads" \
    --set max_tokens=200_000 --set corpus.blocks=4 --set "threads=$threads" > "$folder/$threads.log"
  echo "$threads thread(s): $(sha256sum "$folder/$threads/checkpoint/manifest.json")"
done
cmp "$folder/1/metrics.jsonl" "$folder/2/metrics.jsonl"
cmp "$folder/1/checkpoint/manifest.json" "$folder/2/checkpoint/manifest.json"
cmp "$folder/1/checkpoint/model.safetensors" "$folder/2/checkpoint/model.safetensors"
echo "metrics and checkpoints are the same"
