package dev.anechoic.bench.gpucheck;

import dev.anechoic.kernels.cuda.AttentionTile;
import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Part 4, tiles of attention: every {@link AttentionTile} on long sequences, on a training step and
 * over a cache, forward and backward, and the one that the rule takes against the best.
 */
final class AttentionSweep {
  private final CudaBackend backend;
  private final Size size;
  private final Report report;
  private final Stopwatch watch;

  /** Causal attention of [B,T] tokens; over a cache, of one new token after T - 1 others. */
  private record Shape(String name, int batch, int time, int heads, int kvHeads, int headSize) {
    String label(String what) {
      return "%s %s B=%d T=%d H=%d/%d D=%d"
          .formatted(name, what, batch, time, heads, kvHeads, headSize);
    }

    double forwardFlops() {
      return 2.0 * batch * heads * time * time * headSize;
    }

    double scale() {
      return 1 / Math.sqrt(headSize);
    }
  }

  /** What is timed, after it was brought into place in the arena. */
  private interface Call {
    Runnable prepare(Arena arena, Shape shape);
  }

  AttentionSweep(CudaBackend backend, Size size, Report report) {
    this.backend = backend;
    this.size = size;
    this.report = report;
    this.watch = new Stopwatch(backend, size.sweepRoundNanos());
  }

  /** Runs all; a choice that fails is listed. */
  void run() {
    if (!backend.bf16()) {
      report.skip("tiles of attention: backend " + backend.name() + " works in f32: no choice");
      return;
    }
    report.section("Tiles of attention");
    report.note("TFLOP/s by tile, rounding of the operands included; H=queries/keys");
    ChoiceTable<AttentionTile> table =
        new ChoiceTable<>(report, "attention", "attention", AttentionTile.class);
    for (Shape shape : shapes()) {
      measure(table, shape, "forward", shape.forwardFlops(), shape.heads(), this::forward);
      double backward = 2.5 * shape.forwardFlops();
      measure(table, shape, "backward", backward, shape.kvHeads(), this::backward);
    }
    for (Shape shape : caches()) {
      double flops = 4.0 * shape.batch() * shape.heads() * shape.time() * shape.headSize();
      measure(table, shape, "decoding", flops, shape.heads(), this::decode);
    }
    report.put("attention_tiles", table.rows());
  }

  private List<Shape> shapes() {
    List<Shape> shapes = new ArrayList<>();
    for (int headSize : new int[] {32, 64, 128}) {
      shapes.add(new Shape("long", 1, size.time(), size.heads(), size.heads(), headSize));
    }
    for (Size.Load load : size.training()) {
      ModelConfig c = Preset.named(load.preset()).config(load.vocabulary(), load.time());
      shapes.add(
          new Shape(
              load.preset(), load.batch(), load.time(), c.heads(), c.kvHeads(), c.headSize()));
    }
    return shapes;
  }

  private List<Shape> caches() {
    int b = size.decodeBatch();
    int h = size.heads();
    return List.of(
        new Shape("many", b, size.time(), h, h, 64),
        new Shape("grouped", b, size.time(), h, Math.max(1, h / 8), 128),
        new Shape("one", 1, size.time(), h, h, 64));
  }

  private Tensor packed(Arena arena, Shape s, int time) {
    int width = (s.heads() + 2 * s.kvHeads()) * s.headSize();
    return Noise.of(arena, s.batch(), time, width);
  }

  private Runnable forward(Arena arena, Shape s) {
    Tensor qkv = packed(arena, s, s.time());
    Tensor out = arena.zeros(DType.F32, s.batch(), s.time(), s.heads() * s.headSize());
    Tensor lse = arena.zeros(DType.F32, s.batch(), s.heads(), s.time());
    return () -> backend.attention(qkv, s.heads(), s.kvHeads(), s.scale(), out, lse);
  }

  private Runnable backward(Arena arena, Shape s) {
    Tensor qkv = packed(arena, s, s.time());
    Tensor dQkv = arena.like(qkv);
    Tensor out = arena.zeros(DType.F32, s.batch(), s.time(), s.heads() * s.headSize());
    Tensor lse = arena.zeros(DType.F32, s.batch(), s.heads(), s.time());
    backend.attention(qkv, s.heads(), s.kvHeads(), s.scale(), out, lse);
    return () ->
        backend.attentionBackward(
            qkv, s.heads(), s.kvHeads(), s.scale(), out, lse, out, dQkv, false);
  }

  private Runnable decode(Arena arena, Shape s) {
    Tensor qkv = packed(arena, s, 1);
    Tensor out = arena.zeros(DType.F32, s.batch(), 1, s.heads() * s.headSize());
    Tensor keys = arena.zeros(DType.F32, s.batch(), s.kvHeads(), s.time(), s.headSize());
    Tensor values = arena.like(keys);
    backend.fill(values, 0);
    int[] numbers = new int[s.batch()];
    int[] last = new int[s.batch()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i;
      last[i] = s.time() - 1;
    }
    Tensor slots = arena.of(numbers, s.batch());
    Tensor starts = arena.of(last, s.batch());
    return () ->
        backend.attentionCached(
            qkv, slots, starts, s.heads(), s.kvHeads(), s.scale(), keys, values, out);
  }

  private void measure(
      ChoiceTable<AttentionTile> table,
      Shape s,
      String what,
      double flops,
      int rowHeads,
      Call call) {
    Map<AttentionTile, Double> teraflops = new EnumMap<>(AttentionTile.class);
    for (AttentionTile tile : AttentionTile.values()) {
      if (!tile.runsOn(backend, s.headSize())) {
        continue;
      }
      backend.forceAttention(tile);
      try (Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
        teraflops.put(tile, flops / watch.nanos(call.prepare(arena, s)) / 1e3);
      } catch (RuntimeException e) {
        report.fail("attention %s, %s: %s".formatted(tile, s.label(what), e.getMessage()));
      } finally {
        backend.forceAttention(null);
      }
    }
    long sequences = (long) s.batch() * rowHeads;
    AttentionTile rule = backend.attentionTileOf(s.time(), sequences, s.headSize(), s.scale());
    table.add(s.label(what), rule, teraflops);
  }
}
