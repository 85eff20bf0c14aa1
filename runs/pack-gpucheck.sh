#!/usr/bin/env bash
# Packs what gpucheck and doctor need into one archive, for a machine with an NVIDIA driver but
# neither a JDK nor a network: a runtime made by jlink, our jars, the native libraries, the kernels.
#
#   runs/pack-gpucheck.sh [ARCHIVE]      default out/anechoic-gpucheck-linux-x86_64.tar.xz
#
# There:  tar xf ARCHIVE && anechoic-gpucheck/anechoic gpucheck --out results
#
# Needs Linux on x86-64, a JDK 25 (JAVA_HOME), nvcc for the GPU code, and g++ for the emulated
# kernels (gpucheck --backend cuda-emulated --small, to try the archive without a GPU). Fails where
# the archive reaches 40 MB.
set -euo pipefail
cd "$(dirname "$0")/.."
archive=${1:-out/anechoic-gpucheck-linux-x86_64.tar.xz}
most=$((40 * 1000 * 1000))
jdk=${JAVA_HOME:?set JAVA_HOME to a JDK 25}
kernelsJar=kernels/target/anechoic-kernels-0.1.0-SNAPSHOT.jar

if [ -z "${PACK_ONLY:-}" ]; then
  ./mvnw -B -q -ntp -DskipTests -DskipLint package
fi
emulation=$(cuda-src/build.sh emulation | tail -1)

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
root=$stage/anechoic-gpucheck
mkdir -p "$root/lib" "$root/natives"

# Our jars and the libraries; of JCuda's native code only what we call (its PTX compiler alone has 24 MB).
# Reading Parquet is left out with its libraries.
cp ./*/target/anechoic-*-SNAPSHOT.jar "$root/lib/"
rm -f "$root"/lib/anechoic-parquet-*
for jar in bench/target/lib/*.jar; do
  case $(basename "$jar") in
    jcuda-natives-* | jcublas-natives-*)
      mkdir "$stage/natives"
      (cd "$stage/natives" && "$jdk/bin/jar" xf "$OLDPWD/$jar" lib)
      rm -f "$stage"/natives/lib/libJNvPTXCompiler* "$stage"/natives/lib/libJCublas-*
      cp "$stage"/natives/lib/*.so "$root/natives/"
      rm -r "$stage/natives"
      ;;
    hardwood-core-* | snappy-java-* | zstd-jni-*) ;;
    *) cp "$jar" "$root/lib/" ;;
  esac
done
cp "$emulation" "$root/natives/"
if ! "$jdk/bin/jar" tf "$kernelsJar" | grep -q anechoic.fatbin; then
  echo "warning: no nvcc here, so no GPU code in the archive: it needs libnvrtc on the other machine" >&2
fi

modules=java.base,java.logging,java.management,java.net.http,jdk.httpserver,jdk.incubator.vector,jdk.jfr,jdk.management,jdk.unsupported
"$jdk/bin/jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages \
  --output "$root/runtime"

cat >"$root/anechoic" <<'END'
#!/bin/sh
# Starts anechoic with the runtime beside it: anechoic gpucheck --out DIR, anechoic doctor.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec "$here/runtime/bin/java" --add-modules=jdk.incubator.vector \
  --enable-native-access=ALL-UNNAMED -XX:+UnlockDiagnosticVMOptions -XX:-UseFPUForSpilling \
  -XX:+UseParallelGC -XX:MaxRAMPercentage=60 \
  -Xlog:disable -Xlog:all=error:stderr \
  -Djava.library.path="$here/natives" -Danechoic.home="$here" \
  -Danechoic.emulation.library="$here/natives/libanechoic-emulated.so" \
  -cp "$here/lib/*" dev.anechoic.rl.cli.Main "$@"
END
chmod +x "$root/anechoic"

mkdir -p "$(dirname "$archive")"
tar -C "$stage" -c anechoic-gpucheck | xz -9e -T1 >"$archive"
bytes=$(stat -c %s "$archive")
printf '%s: %.1f MB\n' "$archive" "$(awk "BEGIN { print $bytes / 1e6 }")"
if [ "$bytes" -ge "$most" ]; then
  echo "the archive must stay below 40 MB" >&2
  exit 1
fi

# The archive has to work where there is nothing: no PATH, no JDK, no home.
trial=$stage/trial
mkdir "$trial"
tar -C "$trial" -xf "$archive"
env -i "$trial/anechoic-gpucheck/anechoic" doctor
env -i "$trial/anechoic-gpucheck/anechoic" gpucheck --backend cuda-emulated --small --out "$trial/results"
