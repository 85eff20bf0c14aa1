package dev.anechoic.tensor.spec;

import static dev.anechoic.tensor.spec.Domain.normal;

import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.op.Embedding;
import dev.anechoic.tensor.op.MatMul;
import java.util.List;

/** Matrix product and table look-up. */
final class MatmulSpecs {
  /** a [M,K] b [K,N]; a [B,M,K] with a shared b [K,N]; both batched. */
  private static final int PLAIN = 0;

  private static final int SHARED = 1;

  private MatmulSpecs() {}

  static List<OpSpec> all() {
    Grid products =
        Grid.of("M", 1, 2, 3, 5, 7, 8, 13, 16, 17, 48, 65, 130)
            .and("N", 1, 3, 16, 17, 32, 33, 64, 65, 100, 200)
            .and("K", 1, 2, 5, 16, 33, 64, 127, 300, 0, 530)
            .and("transposeA", 0, 0, 1)
            .and("transposeB", 0, 1)
            .and("form", 0, 0, 1, 2)
            .and("bias", 0, 0, 1)
            .where(p -> p[3] == 0 || p[5] != SHARED)
            .where(p -> (long) p[0] * p[1] * p[2] < 4_000_000);
    return List.of(
        new OpSpec("matmul", products, MatmulSpecs::matmul),
        new OpSpec(
            "embedding",
            Grid.of("N", OpTable.ROWS).and("C", OpTable.COLUMNS).and("V", 1, 7, 512),
            MatmulSpecs::embedding),
        new OpSpec(
            "embeddingBackward",
            Grid.of("N", OpTable.ROWS).and("C", OpTable.COLUMNS).and("V", 1, 7, 512),
            MatmulSpecs::embeddingBackward));
  }

  private static void matmul(OpCase c) {
    int m = c.d(0);
    int n = c.d(1);
    int k = c.d(2);
    boolean transposeA = c.d(3) == 1;
    boolean transposeB = c.d(4) == 1;
    int form = c.d(5);
    int batch = form == PLAIN ? 1 : 3;
    Operand a =
        c.in("a [..,M,K]", normal(1), dims(form != PLAIN, batch, transposeA, m, k))
            .differentiable();
    Operand b =
        c.in("b [..,K,N]", normal(1), dims(form > SHARED, batch, transposeB, k, n))
            .differentiable();
    Operand bias = c.inIf(c.d(6) == 1, "bias [N]", normal(1), n);
    Operand out = c.gradient("out [..,M,N]", dims(form != PLAIN, batch, false, m, n));
    if (form != PLAIN || !transposeA) {
      a.rows();
      out.rows();
    }
    if (form > SHARED) {
      b.rows();
    }
    if (bias != null) {
      bias.differentiable();
    }
    c.run((backend, t) ->
        backend.matmul(
            t.get(a), transposeA, t.get(b), transposeB, t.maybe(bias), t.get(out), c.accumulate()));
    c.op((tape, t) ->
        MatMul.forward(tape, t.get(a), transposeA, t.get(b), transposeB, t.maybe(bias)));
    c.flops("2 M N K", 2.0 * batch * m * n * k);
    c.sums(k);
  }

  private static int[] dims(boolean batched, int batch, boolean transposed, int rows, int columns) {
    int first = transposed ? columns : rows;
    int second = transposed ? rows : columns;
    return batched ? new int[] {batch, first, second} : new int[] {first, second};
  }

  private static void embedding(OpCase c) {
    int vocabulary = c.d(2);
    Operand table = c.in("table [V,C]", normal(1), vocabulary, c.d(1)).differentiable();
    Operand indices =
        c.in("indices [N]", DType.I32, Domain.index(vocabulary), c.d(0)).rows().below(vocabulary);
    Operand out = c.out("out [N,C]", c.d(0), c.d(1)).rows();
    c.run((k, t) -> k.embedding(t.get(table), t.get(indices), t.get(out)));
    c.op((tape, t) -> Embedding.forward(tape, t.get(table), t.get(indices)));
  }

  private static void embeddingBackward(OpCase c) {
    int vocabulary = c.d(2);
    Operand indices =
        c.in("indices [N]", DType.I32, Domain.index(vocabulary), c.d(0)).below(vocabulary);
    Operand dOut = c.in("dOut [N,C]", normal(1), c.d(0), c.d(1));
    Operand dTable = c.inOut("dTable [V,C]", normal(1), vocabulary, c.d(1));
    c.run((k, t) -> k.embeddingBackward(t.get(indices), t.get(dOut), t.get(dTable)));
    c.flops("N C", (double) c.d(0) * c.d(1));
    c.sums(c.d(0));
  }
}
