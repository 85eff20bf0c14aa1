package dev.anechoic.bench.gpucheck;

import dev.anechoic.bench.gpucheck.KernelRate.Unit;
import dev.anechoic.kernels.cuda.Cublas;
import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.DriverException;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Kernels.KlEstimator;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Philox;
import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.Rotary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Part 4, kernels: each through the kernel table, against the ceilings of the same run: the copy
 * for those bound by memory, the matrix product for the rest. Bytes count every operand once, in
 * the form in which it lies in memory.
 */
final class KernelBenchmarks {
  private static final int LAUNCHES = 100;

  private final Backend backend;
  private final Size size;
  private final Ceilings ceilings;
  private final Report report;
  private final Stopwatch watch;
  private final List<KernelRate> rates = new ArrayList<>();

  KernelBenchmarks(Backend backend, Size size, Ceilings ceilings, Report report) {
    this.backend = backend;
    this.size = size;
    this.ceilings = ceilings;
    this.report = report;
    this.watch = new Stopwatch(backend, size.roundNanos());
  }

  /** Runs all. */
  void run() {
    report.section("Kernels");
    launches();
    report.header("kernel", "time", "rate", "share of ceiling", "of cuBLAS");
    try (Cublas cublas = Cublas.open(backend)) {
      products(cublas);
    } catch (DriverException e) {
      report.skip("cuBLAS beside our products: " + e.reason());
      products(null);
    }
    try (Arena arena = arena()) {
      rows(arena);
    }
    try (Arena arena = arena()) {
      logits(arena);
    }
    try (Arena arena = arena()) {
      tables(arena);
    }
    try (Arena arena = arena()) {
      elements(arena);
    }
    for (int headSize : new int[] {64, 128}) {
      try (Arena arena = arena()) {
        attention(arena, headSize);
      }
    }
    report.put("kernels", rates.stream().map(KernelRate::toMap).toList());
  }

  private Arena arena() {
    return new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
  }

  /** An F32 tensor of one value. */
  static Tensor filled(Arena arena, double value, int... dims) {
    Tensor t = arena.zeros(DType.F32, dims);
    arena.backend().fill(t, value);
    return t;
  }

  /** A kernel that moves {@code floats} elements of four bytes. */
  private void bytes(String kernel, double floats, Runnable call) {
    double nanos = watch.nanos(call);
    double most = ceilings.copyBytesPerSecond();
    add(new KernelRate(kernel, nanos, 4 * floats, Unit.BYTES, most, Double.NaN));
  }

  private void flops(String kernel, double amount, Runnable call) {
    double nanos = watch.nanos(call);
    double most = ceilings.flopsPerSecond();
    add(new KernelRate(kernel, nanos, amount, Unit.FLOPS, most, Double.NaN));
  }

  private void add(KernelRate rate) {
    rates.add(rate);
    report.speed(rate.kernel(), rate.perSecond() / rate.unit().scale);
    report.row(rate.cells());
  }

  /** What starting a kernel costs, alone and in a graph. */
  private void launches() {
    try (Arena arena = arena()) {
      Tensor x = arena.zeros(DType.F32, 1);
      double alone = watch.nanos(() -> backend.fill(x, 0));
      try (Recording many =
          backend.record(() -> {
            for (int i = 0; i < LAUNCHES; i++) {
              backend.fill(x, i);
            }
          })) {
        double inGraph = watch.nanos(many::run) / LAUNCHES;
        report.put("launch_nanos", alone);
        report.put("launch_in_graph_nanos", inGraph);
        report.note(
            "a launch with nothing to do: %.0f ns, in a graph of %d: %.0f ns"
                .formatted(alone, LAUNCHES, inGraph));
      }
      double round = round(arena);
      report.put("graph_round_nanos", round);
      report.note(
          "a round of a graph of one kernel that repeats while a number is not 0: %.0f ns"
              .formatted(round));
    }
  }

  /** Nanoseconds of a round: one request of a rollout, of which every round takes a token. */
  private double round(Arena arena) {
    Tensor queue = arena.of(new int[] {-1, 0, 0, 0, LAUNCHES}, 1, 5);
    Tensor begin = arena.of(new int[] {0, 1, 0}, 3);
    Tensor progress = arena.zeros(DType.I32, 3);
    Tensor growing = progress.slice(2, 3);
    Tensor state = arena.zeros(DType.I32, 7, 1);
    Tensor drawn = arena.zeros(DType.I32, 1);
    Tensor drawnLogprobs = arena.zeros(DType.F32, 1);
    Tensor tokens = arena.zeros(DType.I32, 1, LAUNCHES);
    Tensor logprobs = arena.zeros(DType.F32, 1, LAUNCHES);
    try (Recording step =
        backend.record(() ->
            backend.advance(
                drawn,
                drawnLogprobs,
                null,
                -1,
                true,
                queue,
                progress,
                state,
                tokens,
                logprobs,
                null))) {
      return watch.nanos(() -> {
        backend.copy(begin, progress);
        step.run(); // takes the request
        step.repeat(growing, LAUNCHES);
      })
          / LAUNCHES;
    }
  }

  private void products(@Nullable Cublas cublas) {
    int n = size.matmul();
    double amount = 2.0 * n * n * n;
    for (String kind : new String[] {"NN", "NT", "TN"}) {
      boolean transposeA = kind.charAt(0) == 'T';
      boolean transposeB = kind.charAt(1) == 'T';
      double ours = Ceilings.product(backend, null, watch, n, transposeA, transposeB);
      double theirs =
          cublas == null
              ? Double.NaN
              : Ceilings.product(backend, cublas, watch, n, transposeA, transposeB);
      double most = ceilings.flopsPerSecond();
      add(
          new KernelRate(
              "matmul " + kind + " " + n, ours, amount, Unit.FLOPS, most, theirs / ours));
      if (kind.equals("NN") && backend instanceof CudaBackend cuda && cuda.bf16()) {
        double alone = alone(cuda, n);
        add(
            new KernelRate(
                "matmul NN %d, operands rounded before".formatted(n),
                alone,
                amount,
                Unit.FLOPS,
                most,
                theirs / alone));
      }
    }
  }

  /** Nanoseconds of the product as cuBLAS does it: its operands are bf16 already. */
  private double alone(CudaBackend cuda, int n) {
    try (Arena arena = arena()) {
      Tensor a = Noise.of(arena, n, n);
      Tensor b = Noise.of(arena, n, n);
      Tensor out = arena.zeros(DType.F32, n, n);
      return watch.nanos(cuda.tileOf(false, n, n, n).prepare(cuda, arena, a, b, out));
    }
  }

  private void rows(Arena arena) {
    Tensor x = Noise.of(arena, size.rows(), size.columns());
    Tensor y = Noise.of(arena, size.rows(), size.columns());
    Tensor dX = arena.like(x);
    Tensor mean = arena.zeros(DType.F32, size.rows());
    Tensor rstd = filled(arena, 1, size.rows());
    Tensor columns = arena.zeros(DType.F32, size.columns());
    double n = x.size();
    String shape = " " + x.shape();
    bytes("copy" + shape, 2 * n, () -> backend.copy(x, dX));
    bytes("softmax" + shape, 2 * n, () -> backend.softmax(x, dX));
    bytes("softmaxBackward" + shape, 3 * n, () -> backend.softmaxBackward(y, x, dX, false));
    bytes("logSoftmax" + shape, 2 * n, () -> backend.logSoftmax(x, dX));
    bytes("logSoftmaxBackward" + shape, 3 * n, () -> backend.logSoftmaxBackward(y, x, dX, false));
    bytes("rmsNorm" + shape, 2 * n, () -> backend.rmsNorm(x, null, 1e-5, dX, rstd));
    bytes(
        "rmsNormBackward" + shape,
        3 * n,
        () -> backend.rmsNormBackward(x, null, rstd, y, dX, false, null, false));
    bytes("layerNorm" + shape, 2 * n, () -> backend.layerNorm(x, null, null, 1e-5, dX, mean, rstd));
    bytes(
        "layerNormBackward" + shape,
        3 * n,
        () ->
            backend.layerNormBackward(x, null, mean, rstd, y, dX, false, null, false, null, false));
    bytes("sumRows" + shape, n, () -> backend.sumRows(x, columns, false));
    bytes("sumColumns" + shape, n, () -> backend.sumColumns(x, 1, mean));
    bytes("sumColumnsBackward" + shape, n, () -> backend.sumColumnsBackward(mean, 1, dX, false));
    int width = size.columns();
    bytes(
        "copyBlock" + shape,
        2 * n,
        () -> backend.copyBlock(x, 0, width, dX, 0, width, size.rows(), width, false));
    Tensor turned = dX.reshape(width, size.rows());
    int[] axes = {1, 0};
    bytes("permute" + shape, 2 * n, () -> backend.permute(x, axes, turned, false));
    bytes("countNotFinite" + shape, n, () -> backend.countNotFinite(x));
  }

  /** A table of as many rows as logits have columns, of which each token takes another. */
  private void tables(Arena arena) {
    int vocabulary = size.columns();
    int width = 64 * size.heads();
    Tensor table = Noise.of(arena, vocabulary, width);
    Tensor out = Noise.of(arena, size.rows(), width);
    int[] numbers = new int[size.rows()];
    Arrays.setAll(numbers, i -> (int) (7919L * i % vocabulary)); // a prime: no row twice in a row
    Tensor indices = arena.of(numbers, numbers.length);
    double n = out.size();
    String shape = " [%d, %d] of %d".formatted(size.rows(), width, vocabulary);
    bytes("embedding" + shape, 2 * n, () -> backend.embedding(table, indices, out));
    bytes("embeddingBackward" + shape, 3 * n, () -> backend.embeddingBackward(indices, out, table));
  }

  private void logits(Arena arena) {
    Tensor x = Noise.of(arena, size.rows(), size.columns());
    Tensor q = Noise.of(arena, size.rows(), size.columns());
    Tensor dX = arena.like(x);
    Tensor loss = arena.zeros(DType.F32, size.rows());
    Tensor lse = arena.zeros(DType.F32, size.rows());
    Tensor lseQ = arena.zeros(DType.F32, size.rows());
    Tensor one = filled(arena, 1, size.rows());
    Tensor tokens = arena.zeros(DType.I32, size.rows());
    double n = x.size();
    String shape = " " + x.shape();
    bytes("crossEntropy" + shape, n, () -> backend.crossEntropy(x, tokens, loss, lse));
    bytes(
        "crossEntropyBackward" + shape,
        2 * n,
        () -> backend.crossEntropyBackward(x, tokens, lse, one, dX, false));
    bytes("tokenLogProbs" + shape, n, () -> backend.tokenLogProbs(x, tokens, 1, loss, lse));
    bytes(
        "tokenLogProbsBackward" + shape,
        2 * n,
        () -> backend.tokenLogProbsBackward(x, tokens, 1, lse, one, dX, false));
    Tensor address = arena.of(Philox.address(1, 1, 1), Philox.ADDRESS_SIZE);
    bytes("entropy" + shape, n, () -> backend.entropy(x, 1, loss, lse));
    bytes(
        "entropyBackward" + shape,
        2 * n,
        () -> backend.entropyBackward(x, 1, loss, lse, one, dX, false));
    bytes("klFull" + shape, 2 * n, () -> backend.klFull(x, q, 1, loss, lse, lseQ));
    bytes(
        "klFullBackward" + shape,
        3 * n,
        () -> backend.klFullBackward(x, q, 1, loss, lse, lseQ, one, dX, false));
    bytes(
        "sample" + shape,
        n,
        () -> backend.sample(x, 1, 0, 1, address, tokens, tokens, tokens, loss));
  }

  private void elements(Arena arena) {
    int width = size.columns() / 2 * 2;
    Tensor x = Noise.of(arena, size.rows(), width);
    Tensor y = arena.like(x);
    Tensor z = arena.like(x);
    Tensor half = arena.zeros(DType.F32, size.rows(), width / 2);
    double n = x.size();
    String shape = " " + x.shape();
    bytes("fill" + shape, n, () -> backend.fill(y, 1));
    bytes("add" + shape, 3 * n, () -> backend.add(x, x, y));
    bytes("mul" + shape, 3 * n, () -> backend.mul(x, x, y));
    Tensor m = arena.like(x);
    bytes("mulBackward" + shape, 5 * n, () -> backend.mulBackward(x, x, y, z, false, m, false));
    bytes("scale" + shape, 2 * n, () -> backend.scale(x, 2, y, false));
    bytes("gelu" + shape, 2 * n, () -> backend.gelu(x, y));
    bytes("geluBackward" + shape, 3 * n, () -> backend.geluBackward(x, y, z, false));
    bytes("silu" + shape, 2 * n, () -> backend.silu(x, y));
    bytes("siluBackward" + shape, 3 * n, () -> backend.siluBackward(x, y, z, false));
    bytes("swiglu" + shape, 1.5 * n, () -> backend.swiglu(x, half));
    bytes("swigluBackward" + shape, 2.5 * n, () -> backend.swigluBackward(x, half, y, false));
    bytes("dropout" + shape, 2 * n, () -> backend.dropout(x, 0.1, 1, 1, 1, y));
    bytes(
        "dropoutBackward" + shape, 2 * n, () -> backend.dropoutBackward(x, 0.1, 1, 1, 1, y, false));
    Tensor sum = arena.zeros(DType.F32, 1);
    bytes("sumSquares" + shape, n, () -> backend.sumSquares(x, sum, false));
    Tensor factor = arena.zeros(DType.F32, 1);
    bytes("clipFactor [1]", 2, () -> backend.clipFactor(sum, 1, factor));
    bytes("weightedSum" + shape, 2 * n, () -> backend.weightedSum(x, y, sum));
    bytes(
        "weightedSumBackward" + shape,
        2 * n,
        () -> backend.weightedSumBackward(y, factor, z, false));
    KlEstimator k3 = KlEstimator.K3;
    backend.fill(y, 0.25);
    bytes("klSampled" + shape, 3 * n, () -> backend.klSampled(x, y, k3, z));
    bytes(
        "klSampledBackward" + shape, 4 * n, () -> backend.klSampledBackward(x, y, k3, x, z, false));
    bytes("policyLoss" + shape, 5 * n, () -> backend.policyLoss(x, x, y, 0.2, 0.2, z, m));
    bytes(
        "policyLossBackward" + shape,
        4 * n,
        () -> backend.policyLossBackward(y, 0.2, 0.2, m, x, z, false));
    bytes("valueLoss" + shape, 4 * n, () -> backend.valueLoss(x, x, y, 0.2, z));
    bytes(
        "valueLossBackward" + shape,
        5 * n,
        () -> backend.valueLossBackward(x, x, y, 0.2, x, z, false));
    backend.fill(m, 0);
    backend.fill(z, 0);
    Tensor rates = arena.of(new float[] {1e-2f, 20, 1e-4f}, 3);
    bytes("adamW" + shape, 7 * n, () -> backend.adamW(x, y, m, z, rates, 0.9, 0.95, 1e-8, null));
  }

  private void attention(Arena arena, int headSize) {
    int t = size.time();
    int h = size.heads();
    Tensor qkv = Noise.of(arena, 1, t, 3 * h * headSize);
    Tensor out = arena.zeros(DType.F32, 1, t, h * headSize);
    Tensor lse = arena.zeros(DType.F32, 1, h, t);
    Tensor dQkv = arena.like(qkv);
    double scale = 1 / Math.sqrt(headSize);
    double forward = 2.0 * t * t * headSize * h;
    String shape = " T=%d H=%d D=%d".formatted(t, h, headSize);
    flops("attention" + shape, forward, () -> backend.attention(qkv, h, h, scale, out, lse));
    flops(
        "attentionBackward" + shape,
        2.5 * forward,
        () -> backend.attentionBackward(qkv, h, h, scale, out, lse, out, dQkv, false));
    Tensor table = arena.of(Rotary.table(t, headSize, 10_000), t, headSize);
    double width = 3.0 * t * h * headSize;
    bytes(
        "rotary" + shape,
        2 * width,
        () -> backend.rotary(qkv, null, table, 2 * h, headSize, false, dQkv));
    decode(arena, headSize, scale);
  }

  /** One new token each for a batch of sequences whose caches are full. */
  private void decode(Arena arena, int headSize, double scale) {
    int t = size.time();
    int h = size.heads();
    int b = size.decodeBatch();
    Tensor one = Noise.of(arena, b, 1, 3 * h * headSize);
    Tensor out = arena.zeros(DType.F32, b, 1, h * headSize);
    Tensor keys = arena.zeros(DType.F32, b, h, t, headSize);
    Tensor values = arena.zeros(DType.F32, b, h, t, headSize);
    int[] numbers = new int[b];
    int[] last = new int[b];
    for (int i = 0; i < b; i++) {
      numbers[i] = i;
      last[i] = t - 1;
    }
    Tensor slots = arena.of(numbers, b);
    Tensor starts = arena.of(last, b);
    // Keys and values; rounded they take half of their room.
    double elements = 2 * (GpuCheck.roundsOperands(backend.name()) ? 0.5 : 1);
    String shape = " B=%d T=%d H=%d D=%d".formatted(b, t, h, headSize);
    bytes(
        "attentionCached" + shape,
        elements * keys.size(),
        () -> backend.attentionCached(one, slots, starts, h, h, scale, keys, values, out));
    Tensor promptKeys = arena.zeros(DType.F32, 1, h, t, headSize);
    Tensor promptValues = arena.zeros(DType.F32, 1, h, t, headSize);
    Tensor sources = arena.zeros(DType.I32, b);
    bytes(
        "copySlots" + shape,
        elements * (promptKeys.size() + keys.size()),
        () -> backend.copySlots(promptKeys, promptValues, sources, keys, values));
  }
}
