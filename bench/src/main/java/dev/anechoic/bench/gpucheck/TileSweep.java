package dev.anechoic.bench.gpucheck;

import dev.anechoic.kernels.cuda.CudaBackend;
import dev.anechoic.kernels.cuda.LadderMatmul;
import dev.anechoic.kernels.cuda.MatmulTile;
import dev.anechoic.model.transformer.ModelConfig;
import dev.anechoic.model.transformer.Preset;
import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Part 4, tiles: every tile of the bf16 product on large squares and on the products of one
 * training step, and the one that the rule takes against the best.
 *
 * <p>Each product is timed as training calls it, with its operands rounded on the way and weights
 * kept rounded; untransposed ones also alone, operands rounded before.
 */
final class TileSweep {
  private final CudaBackend backend;
  private final Size size;
  private final Report report;
  private final Stopwatch watch;

  /** {@code op(a) op(b)} of [M,K] and [K,N]. */
  private record Product(String name, int m, int n, int k, boolean transposeA, boolean transposeB) {
    String label() {
      String kind = (transposeA ? "T" : "N") + (transposeB ? "T" : "N");
      return "%s %s %d x %d x %d".formatted(name, kind, m, n, k);
    }

    double teraflops(double nanos) {
      return LadderMatmul.flops(m, n, k) / nanos / 1e3;
    }
  }

  TileSweep(CudaBackend backend, Size size, Report report) {
    this.backend = backend;
    this.size = size;
    this.report = report;
    this.watch = new Stopwatch(backend, size.sweepRoundNanos());
  }

  /** Runs all; a tile that fails is listed. */
  void run() {
    if (!backend.bf16()) {
      report.skip("tiles: backend " + backend.name() + " multiplies in f32, which has no choice");
      return;
    }
    report.section("Tiles of the bf16 product");
    report.note("TFLOP/s by tile; alone: the kernel without the rounding of its operands");
    ChoiceTable<MatmulTile> table =
        new ChoiceTable<>(report, "product", "product, m x n x k", MatmulTile.class);
    for (Product product : products()) {
      measure(product, table);
    }
    report.put("tiles", table.rows());
  }

  /** Two squares, and all products of a step of the last model that is trained. */
  private List<Product> products() {
    List<Product> products = new ArrayList<>();
    for (int side : new int[] {size.matmul(), size.matmul() / 2}) {
      products.add(new Product("square", side, side, side, false, false));
    }
    Size.Load load = size.training().getLast();
    ModelConfig config = Preset.named(load.preset()).config(load.vocabulary(), load.time());
    int tokens = load.batch() * load.time();
    int c = config.channels();
    addLayer(products, "qkv", tokens, c, config.qkvChannels());
    addLayer(products, "attention out", tokens, c, c);
    addLayer(products, "gate and up", tokens, c, 2 * config.ffnChannels());
    addLayer(products, "down", tokens, config.ffnChannels(), c);
    int v = config.vocabSize(); // the head's weight is [V,C], so it is transposed forward
    products.add(new Product("head", tokens, v, c, false, true));
    products.add(new Product("head dX", tokens, c, v, false, false));
    products.add(new Product("head dW", v, c, tokens, true, false));
    return products;
  }

  /** A weight [in,out] forward, and the gradients of its input and of itself. */
  private static void addLayer(List<Product> products, String name, int tokens, int in, int out) {
    products.add(new Product(name, tokens, out, in, false, false));
    products.add(new Product(name + " dX", tokens, in, out, false, true));
    products.add(new Product(name + " dW", in, out, tokens, true, false));
  }

  private void measure(Product p, ChoiceTable<MatmulTile> table) {
    Map<MatmulTile, Double> called = new EnumMap<>(MatmulTile.class);
    Map<MatmulTile, Double> alone = new EnumMap<>(MatmulTile.class);
    MemoryLedger ledger = new MemoryLedger();
    // A gradient of a weight multiplies two activations; all else has a weight on the right.
    Arena.Tag right = p.transposeA() ? Arena.Tag.ACTIVATIONS : Arena.Tag.PARAMETERS;
    try (Arena arena = new Arena(backend, Arena.Tag.ACTIVATIONS, ledger);
        Arena rightArena = new Arena(backend, right, ledger)) {
      Tensor a = operand(arena, p.transposeA(), p.m(), p.k());
      Tensor b = operand(rightArena, p.transposeB(), p.k(), p.n());
      Tensor out = KernelBenchmarks.filled(arena, 0, p.m(), p.n());
      for (MatmulTile tile : MatmulTile.values()) {
        if (tile.runsOn(backend)) {
          measure(p, tile, a, b, out, called, alone);
        }
      }
    } catch (RuntimeException e) {
      report.fail("tiles, " + p.label() + ": " + e.getMessage());
      return;
    }
    MatmulTile rule = backend.tileOf(p.transposeA(), p.m(), p.n(), p.k());
    table.add(p.label(), rule, called);
    if (!alone.isEmpty()) {
      table.add(p.label() + ", alone", rule, alone);
    }
  }

  private static Tensor operand(Arena arena, boolean transposed, int rows, int columns) {
    return transposed ? Noise.of(arena, columns, rows) : Noise.of(arena, rows, columns);
  }

  private void measure(
      Product p,
      MatmulTile tile,
      Tensor a,
      Tensor b,
      Tensor out,
      Map<MatmulTile, Double> called,
      Map<MatmulTile, Double> alone) {
    try (Arena rounded = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      backend.forceTile(tile);
      double nanos =
          watch.nanos(() -> backend.matmul(a, p.transposeA(), b, p.transposeB(), null, out, false));
      called.put(tile, p.teraflops(nanos));
      if (!p.transposeA() && !p.transposeB()) {
        alone.put(tile, p.teraflops(watch.nanos(tile.prepare(backend, rounded, a, b, out))));
      }
    } catch (RuntimeException e) {
      report.fail("tile %s, %s: %s".formatted(tile, p.label(), e.getMessage()));
    } finally {
      backend.forceTile(null);
    }
  }
}
