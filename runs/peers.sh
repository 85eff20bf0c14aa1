#!/usr/bin/env bash
# This engine against OpenBLAS, MKL and libtorch (PyTorch's C++ library): matrix products, attention,
# row kernels, a training step, sampling and a step of PPO, on 1 thread and on all cores.
#
#   runs/peers.sh [options of `./anechoic bench peers`]
#
# Linux on x86-64. The first run downloads half a gigabyte from Maven Central. On an idle machine of
# 2 cores everything takes about 15 minutes; `--filter matmul` takes 4.
set -euo pipefail
cd "$(dirname "$0")/.."

./anechoic --version >/dev/null # builds ours, and names what is missing
log=bench/peers/target/build.log
mkdir -p "$(dirname "$log")"
if ! ./mvnw -B -ntp -Ppeers -DskipTests -DskipLint package >"$log" 2>&1 </dev/null; then
  grep '^\[ERROR\]' "$log" >&2 || cat "$log" >&2
  exit 1
fi
libraries=$(printf '%s:' bench/peers/target/anechoic-peers-*.jar bench/peers/target/lib/*.jar)
ANECHOIC_CLASS_PATH=${libraries%:} exec ./anechoic bench peers "$@"
