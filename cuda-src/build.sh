#!/usr/bin/env bash
# Builds the kernels of this folder.
#
#   build.sh fatbin [DIR]      sm_90a and sm_80 code and compute_80 PTX for a GPU, by nvcc
#   build.sh fatbin-of DIR SOURCE   the same of one source, to try
#   build.sh emulation [DIR]   the same kernels as a shared library for this CPU, by g++
#   build.sh asan [DIR]        that library with the address sanitizer
#   build.sh fatbin-if-nvcc [DIR] TO   copies the fatbin to a folder, built anew where a source is newer;
#                              does nothing but say so where nvcc is missing
#   build.sh registers [DIR]   registers and shared memory per kernel of the last fatbin, as Markdown
#   build.sh cublas-shim [DIR] LIBRARY   a libcublas.so.12 that passes every function which LIBRARY (JCuda's
#                              libJCublas2) imports on to libcublas.so.13; nothing without gcc and nm
#   build.sh selftest [DIR]    builds and runs the emulation's own test
#
# DIR defaults to build/ beside this script. A kernel that spills registers fails the fatbin.
set -euo pipefail
src=$(cd "$(dirname "$0")" && pwd)
what=${1:-}
out=${2:-$src/build}
mkdir -p "$out"

# Rounding is what the source says (fmaf where fused): one kernel inlined twice gives the same bits.
# 16 bytes are read and written as one value of another type, as nvcc allows.
cxxFlags=(-std=c++20 -x c++ -fPIC -O2 -ftree-vectorize -ffp-contract=off -fno-math-errno -fno-strict-aliasing
  -fvisibility=hidden -Wall -Wno-unknown-pragmas -Werror)
case $(uname -m) in
  x86_64) cxxFlags+=(-march=x86-64-v3) ;;
  *) cxxFlags+=(-march=native) ;;
esac

# compileAll FOLDER FLAGS...: one object per source, as many at once as there are processors; what
# is newer than its sources stays.
compileAll() {
  local folder=$1
  shift
  mkdir -p "$folder"
  local newestHeader source object
  newestHeader=$(ls -t "$src"/{,ladder/}*.cuh "$src"/emulation/*.h "$src/build.sh" | head -1)
  for source in "$src"/*.cu "$src"/ladder/*.cu "$src"/emulation/{emulation,hopper}.cpp; do
    [ -e "$source" ] && [ "$(basename "$source")" != kernels.cu ] || continue
    object=$folder/$(basename "$source").o
    if [ ! -e "$object" ] || [ "$source" -nt "$object" ] || [ "$newestHeader" -nt "$object" ]; then
      printf '%s\0' "$source"
    fi
  done | xargs -0 -r -P "$(nproc)" -I{} bash -c '
    object=$0/$(basename "$1").o
    g++ "${@:2}" -c "$1" -o "$object.part" && mv "$object.part" "$object"' "$folder" {} "$@"
}

# linkLibrary NAME FLAGS...
linkLibrary() {
  local name=$1
  shift
  compileAll "$out/${name%.so}-objects" "${cxxFlags[@]}" "$@"
  g++ -shared "$@" -o "$out/$name.part" "$out/${name%.so}-objects"/*.o
  mv "$out/$name.part" "$out/$name"
  echo "$out/$name"
}

# compileFatbin SOURCE FATBIN REPORT: refuses kernels that the compiler could only build slow.
compileFatbin() {
  local source=$1 fatbin=$2 report=$3
  nvcc -std=c++17 -O3 -fmad=false -fatbin -Xptxas -v --threads 0 \
    -gencode arch=compute_90a,code=sm_90a -gencode arch=compute_80,code=sm_80 \
    -gencode arch=compute_80,code=compute_80 \
    -o "$fatbin.part" "$source" 2>"$report" || {
    cat "$report" >&2
    return 1
  }
  if grep -E ' [1-9][0-9]* bytes spill' "$report" >/dev/null; then
    echo "a kernel spills registers; give it a smaller tile or fewer threads:" >&2
    grep -B 2 -E ' [1-9][0-9]* bytes spill' "$report" >&2
    return 1
  fi
  if grep 'wgmma.*serialized' "$report" >&2; then
    echo "the compiler makes wgmma wait after each instruction; keep its sums out of other code" >&2
    return 1
  fi
  if grep 'setmaxnreg.*ignored' "$report" >&2; then
    echo "the compiler refuses to move registers between warps; say the threads per block" >&2
    return 1
  fi
  mv "$fatbin.part" "$fatbin"
}

buildFatbin() {
  compileFatbin "$src/kernels.cu" "$out/anechoic.fatbin" "$out/registers.txt"
  echo "$out/anechoic.fatbin"
}

# buildCublasShim LIBRARY: one indirect jump per imported name, through a table that a constructor fills.
buildCublasShim() {
  local names scratch
  scratch=$(mktemp -d)
  names=$(nm -D --undefined-only "$1" | sed -n 's/.* U \(cublas[A-Za-z0-9_]*\)@libcublas\.so\.12$/\1/p')
  [ -n "$names" ] || {
    echo "$1 imports nothing from libcublas.so.12" >&2
    return 1
  }
  {
    cat <<'END'
#include <dlfcn.h>
/* The oldest names of both, so that the library also loads where glibc is older than here. */
__asm__(".symver dlopen,dlopen@GLIBC_2.2.5\n.symver dlsym,dlsym@GLIBC_2.2.5");
#define HIDDEN __attribute__((visibility("hidden"), used))
static int missing(void) { return 15; } /* CUBLAS_STATUS_NOT_SUPPORTED */
static const char *const names[] = {
END
    printf '  "%s",\n' $names
    cat <<'END'
};
enum { count = sizeof names / sizeof *names };
HIDDEN void *shim_table[count];
__attribute__((constructor)) static void fill(void) {
  void *library = dlopen("libcublas.so.13", RTLD_NOW | RTLD_GLOBAL);
  for (int i = 0; i < count; i++) {
    void *found = library ? dlsym(library, names[i]) : 0;
    shim_table[i] = found ? found : (void *)missing;
  }
}
END
    printf '%s\n' $names | awk '{
      printf "__asm__(\".globl %s\\n.type %s,@function\\n%s: jmp *shim_table+%d(%%rip)\");\n", $1, $1, $1, 8 * (NR - 1)
    }'
  } >"$scratch/shim.c"
  echo 'libcublas.so.12 { global: cublas*; local: *; };' >"$scratch/shim.map"
  gcc -shared -fPIC -O1 -Wall -Werror -s -Wl,-soname,libcublas.so.12 \
    -Wl,--version-script,"$scratch/shim.map" -o "$out/libanechoic-cublas-shim.so.part" \
    "$scratch/shim.c" -ldl
  mv "$out/libanechoic-cublas-shim.so.part" "$out/libanechoic-cublas-shim.so"
  rm -r "$scratch"
  echo "$out/libanechoic-cublas-shim.so"
}

case $what in
  cublas-shim)
    if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v gcc >/dev/null || ! command -v nm >/dev/null; then
      echo "no gcc for Linux on x86-64: this build has no shim for machines with cuBLAS 13 alone"
      exit 0
    fi
    buildCublasShim "$3"
    ;;
  emulation) linkLibrary libanechoic-emulated.so ;;
  asan) linkLibrary libanechoic-emulated-asan.so -fsanitize=address -g ;;
  fatbin) buildFatbin ;;
  fatbin-of) compileFatbin "$3" "$out/$(basename "$3").fatbin" "$out/$(basename "$3").txt" ;;
  fatbin-if-nvcc)
    if ! command -v nvcc >/dev/null; then
      echo "nvcc is not on the PATH: no GPU code in this build; NVRTC compiles it where there is a GPU"
      exit 0
    fi
    newest=$(ls -t "$src"/{,ladder/}*.cu "$src"/{,ladder/}*.cuh "$src/build.sh" | head -1)
    if [ ! -e "$out/anechoic.fatbin" ] || [ "$newest" -nt "$out/anechoic.fatbin" ]; then
      buildFatbin
    fi
    mkdir -p "$3"
    cp "$out/anechoic.fatbin" "$3/"
    ;;
  registers)
    printf '| kernel | sm_80 registers | sm_90a registers | static shared bytes |\n|---|---|---|---|\n'
    awk '
      /Compiling entry function/ { split($0, q, "\047"); name = q[2]; arch = q[4] }
      /Used [0-9]+ registers/ {
        match($0, /Used [0-9]+/); regs[name, arch] = substr($0, RSTART + 5, RLENGTH - 5)
        shared[name] = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
      }
      END { for (n in shared) printf "| %s | %s | %s | %d |\n", n, regs[n, "sm_80"], regs[n, "sm_90a"], shared[n] }
    ' "$out/registers.txt" | sort
    ;;
  selftest)
    g++ "${cxxFlags[@]}" -g "$src"/emulation/{selftest,emulation,hopper}.cpp \
      -o "$out/selftest"
    "$out/selftest"
    ;;
  *)
    sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
