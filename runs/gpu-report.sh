#!/usr/bin/env bash
# Writes docs/performance-gpu.md: what the compiler says about the kernels, and how fast they could be.
#
#   runs/gpu-report.sh
#
# Needs nvcc and the built classes (./mvnw package -DskipTests). Registers come from the assembler's
# report, instruction counts from the PTX of the same sources, occupancy from registers, threads and
# shared memory by the limits of the CUDA C++ Programming Guide. Nothing is run. Takes about a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
build=cuda-src/build
doc=docs/performance-gpu.md

bash cuda-src/build.sh fatbin >/dev/null
nvcc -std=c++17 -O3 -fmad=false -ptx -arch=sm_90a -o "$build/sm90.ptx" cuda-src/kernels.cu
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp kernels/target/classes:tensor/target/classes \
  dev.anechoic.kernels.cuda.LaunchShapes >"$build/shapes.txt"

# kernelTable FILTER: one row for each kernel whose name matches and whose shape is known.
kernelTable() {
  printf '| kernel | registers 8.0 / 9.0 | threads | shared KB | warps per multiprocessor 8.0 / 9.0 | tensor core | ldmatrix | global loads, stores | shared loads, stores | asynchronous copies | fma | exp |\n'
  printf '|---|---|---|---|---|---|---|---|---|---|---|---|\n'
  awk -v filter="$1" '
    function warps(regs, threads, bytes, roomKb,   w, blocks, byRegs, byShared) {
      w = int((threads + 31) / 32)
      byRegs = int(int(65536 / (int((regs + 7) / 8) * 8 * 32)) / w)
      byShared = int(roomKb * 1024 / (bytes + 1024))
      blocks = int(2048 / threads)
      if (byRegs < blocks) blocks = byRegs
      if (byShared < blocks) blocks = byShared
      if (blocks > 32) blocks = 32
      return blocks * w
    }
    FILENAME ~ /shapes/ { threads[$1] = $2; bytes[$1] = $3; order[++count] = $1; next }
    FILENAME ~ /registers/ && /Compiling entry function/ { split($0, q, "\047"); name = q[2]; arch = q[4] }
    FILENAME ~ /registers/ && /Used [0-9]+ registers/ {
      match($0, /Used [0-9]+/); regs[name, arch] = substr($0, RSTART + 5, RLENGTH - 5)
      fixed[name] = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
    }
    FILENAME ~ /ptx$/ && /\.entry / { match($0, /\.entry [A-Za-z0-9_]+/); k = substr($0, RSTART + 7, RLENGTH - 7) }
    FILENAME ~ /ptx$/ {
      if (/wgmma\.mma_async/ || /mma\.sync/) tensor[k]++
      else if (/ldmatrix/) matrix[k]++
      else if (/cp\.async\.(ca|cg|bulk\.shared)/) copies[k]++
      else if (/ld\.global/) loads[k]++
      else if (/st\.global/) stores[k]++
      else if (/ld\.shared/) sharedLoads[k]++
      else if (/st\.shared/) sharedStores[k]++
      else if (/fma\.rn\.f32/) fmas[k]++
      else if (/ex2\.approx/) exps[k]++
    }
    END {
      for (i = 1; i <= count; i++) {
        n = order[i]
        if (n !~ filter) continue
        all = bytes[n] + fixed[n]
        old = (n, "sm_80") in regs
        printf "| %s | %s / %s | %d | %.0f | %s / %d | %d | %d | %d, %d | %d, %d | %d | %d | %d |\n", n,
          old ? regs[n, "sm_80"] : "-", regs[n, "sm_90a"], threads[n], all / 1024,
          old ? warps(regs[n, "sm_80"], threads[n], all, 164) : "-",
          warps(regs[n, "sm_90a"], threads[n], all, 228),
          tensor[n], matrix[n], loads[n], stores[n], sharedLoads[n], sharedStores[n], copies[n], fmas[n],
          exps[n]
      }
    }
  ' "$build/shapes.txt" "$build/registers.txt" "$build/sm90.ptx"
}

# floors: name | FLOP | bytes | exponentials | goal, from the sizes that gpucheck measures.
floors() {
  local n=8192 rows=8192 columns=32000 time=8192 heads=16
  awk -v n=$n -v rows=$rows -v columns=$columns -v t=$time -v h=$heads '
    function line(name, flop, bytes, exps, goal,   c, m, e, top) {
      c = flop / 989e12; m = bytes / 4.8e12; e = exps / (132 * 16 * 1.83e9)
      top = c; why = "tensor cores"
      if (m > top) { top = m; why = "memory" }
      if (e > top) { top = e; why = "exponentials" }
      printf "| %s | %s | %s | %.3f ms | %s | %s |\n", name, flop ? sprintf("%.3g", flop) : "-",
        bytes ? sprintf("%.3g", bytes) : "-", top * 1e3, why, goal
    }
    BEGIN {
      e = rows * columns
      line("matmul bf16 " n "^3, operands already rounded", 2 * n ^ 3, 8 * n * n, 0,
        "80 % of cuBLAS in the same run, then 100 %; 630 TFLOP/s = 1.75 ms")
      line("rounding both its operands", 0, 2 * 6 * n * n, 0, "with the product in one op today")
      for (d = 64; d <= 128; d *= 2) {
        f = 2 * t * t * d * h
        line("attention forward T=" t " H=" h " D=" d, f, t * h * d * (3 * 2 + 4), t * t / 2 * h,
          d == 64 ? "290, then 430 TFLOP/s" : "330, then 560 TFLOP/s")
        line("attention backward, the same", 2.5 * f, t * h * d * (4 * 2 + 12), t * t / 2 * h,
          d == 64 ? "260, then 400 TFLOP/s" : "300, then 480 TFLOP/s")
      }
      s = "[" rows ", " columns "]"
      line("softmax " s, 0, 8 * e, e, "85 % of the measured copy, then 92 %")
      line("rmsNorm, layerNorm " s, 0, 8 * e, 0, "the same")
      line("crossEntropy " s, 0, 4 * e, e, "the same")
      line("crossEntropyBackward " s, 0, 8 * e, e, "the same")
      line("klFull " s, 0, 8 * e, 2 * e, "the same")
      line("adamW, 150 M parameters", 0, 28 * 150e6, 0, "85 %, then 93 %")
      line("gradient norm, 150 M parameters", 0, 4 * 150e6, 0, "85 %, then 93 %")
      line("decode attention, cache of 1 GB", 0, 1e9, 0, "75 %, then 90 %")
    }'
}

{
  cat <<TEXT
# Performance on a GPU

**Nothing on this page was run on a GPU.** No GPU was at hand: the kernels are checked emulated on a CPU,
and this page holds what the compiler says about them, the least time that the hardware allows, and the
speed to reach. \`./anechoic gpucheck --out DIR\` measures them; \`runs/gpu-report.sh\` writes this page.

Compiler: $(nvcc --version | sed -n 's/^Cuda compilation tools, \(.*\)/nvcc \1/p')

## Floors and goals

One H200 as published: 989 TFLOP/s of bf16 without sparsity, 4.8 TB/s, 132 multiprocessors with 16
exponentials per cycle each at 1.83 GHz. The floor is the largest of the three times, each at its full rate; no
kernel reaches it. The last column is what the project asks of each, from published kernels and from the
measured rates of other software on the same card.

| work | FLOP | bytes | floor | bound by | speed to reach |
|---|---|---|---|---|---|
$(floors)

All of training: \`150m\` at least as fast as compiled PyTorch; rollouts of \`micro\` ten times PyTorch with a KV
cache.

## How to read the tables

Warps per multiprocessor: how many the registers, threads and shared memory of a block let run at once, of at
most 64. Kernels that keep the tensor cores busy by asynchronous copies need few; 8 to 16 are usual. The
counts are PTX instructions in the code of one thread, loops as the compiler unrolled them. No kernel
spills a register; one that did would fail the build (\`FatbinTest\`). Kernels named \`attention*Sm90_*\` start with the
registers given here; 24 are left to the warps that copy, 232 or 240 given to those that compute (\`setmaxnreg\`), except in
those over a cache and in \`attentionBackwardKeysSm90_128_64\`.

## Matrix products

$(kernelTable '^matmul')

## Attention

$(kernelTable '^attention')

## The teaching ladder

$(kernelTable '^ladder')

## All other kernels

Most are bound by memory. They use no dynamic shared memory.

$(bash cuda-src/build.sh registers | grep -vE "^\| ($(cut -d' ' -f1 "$build/shapes.txt" | paste -sd'|')) ")
TEXT
} >"$doc"
echo "$doc"
