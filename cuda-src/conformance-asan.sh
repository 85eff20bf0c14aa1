#!/usr/bin/env bash
# Runs the op table on the emulated kernels under the address sanitizer: an access outside of the
# device's allocations or of a block's shared memory ends the run with status 86 and names the line.
# (Tensors share allocations; guard bands around each are the op table's own check.)
#
#   conformance-asan.sh [BACKEND [OPTION...]]
#
# BACKEND is cuda-emulated, cuda-emulated-bf16 or cuda-emulated-sm90; options are those of the class Conformance,
# such as --op NAME. ANECHOIC_REVERSE=1 runs lanes from the last to the first. Needs g++, a JDK 25 (JAVA_HOME), and
# the classes of tensor and kernels (./mvnw -pl kernels -am compile, or CLASSES as a class path).
set -euo pipefail
src=$(cd "$(dirname "$0")" && pwd)
classPath=${CLASSES:-$src/../tensor/target/classes:$src/../kernels/target/classes}
backend=${1:-cuda-emulated}
[ $# -eq 0 ] || shift
library=$(bash "$src/build.sh" asan | tail -1)
# The JVM raises and handles SIGSEGV itself, and frees nothing at its end.
LD_PRELOAD=$(g++ -print-file-name=libasan.so) \
  ASAN_OPTIONS=handle_segv=0:allow_user_segv_handler=1:detect_leaks=0:halt_on_error=1:exitcode=86 \
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" --enable-native-access=ALL-UNNAMED \
  --add-modules=jdk.incubator.vector -Danechoic.emulation.library="$library" \
  ${ANECHOIC_REVERSE:+-Danechoic.emulation.reverse=true} \
  -cp "$classPath" dev.anechoic.tensor.spec.Conformance "$backend" --no-allocations "$@"
