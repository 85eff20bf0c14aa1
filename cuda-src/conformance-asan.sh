#!/usr/bin/env bash
# Runs the op table on the emulated kernels under the address sanitizer: an access outside a tensor's
# memory or outside a block's shared memory ends the run and names the line.
#
#   conformance-asan.sh CLASSPATH [BACKEND [--op NAME]]
#
# CLASSPATH holds the classes of tensor and kernels and their libraries.
set -euo pipefail
src=$(cd "$(dirname "$0")" && pwd)
classPath=${1:?give the class path of the kernels module}
shift
library=$("$src/build.sh" asan | tail -1)
# The JVM raises and handles SIGSEGV itself, and frees nothing at its end.
LD_PRELOAD=$(g++ -print-file-name=libasan.so) \
  ASAN_OPTIONS=handle_segv=0:allow_user_segv_handler=1:detect_leaks=0:halt_on_error=1 \
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" --enable-native-access=ALL-UNNAMED \
  --add-modules=jdk.incubator.vector -Danechoic.emulation.library="$library" \
  -cp "$classPath" dev.anechoic.tensor.spec.Conformance "${@:-cuda-emulated}"
