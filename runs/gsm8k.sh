#!/usr/bin/env bash
# The study on GSM8K: give the folder that holds train.jsonl and test.jsonl.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?usage: runs/gsm8k.sh FOLDER [OUT]}
out=${2:-out/gsm8k}
./anechoic doctor | sed -n '1,12p'
time ./anechoic study configs/gsm8k.toml --data "gsm8k=$data" --out "$out"
