#!/usr/bin/env bash
# The study on GSM8K: the folder holds train.jsonl and test.jsonl (default ../shared/data/gsm8k).
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/data/gsm8k}
out=${2:-out/gsm8k}
./anechoic doctor | sed -n '1,12p'
time ./anechoic study configs/gsm8k.toml --data "gsm8k=$data" --out "$out"
