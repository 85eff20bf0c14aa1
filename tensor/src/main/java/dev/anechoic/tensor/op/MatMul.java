package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Matrix product: {@code y = op(a) op(b) + bias}, op = transpose where asked.
 *
 * <p>A linear layer is {@code x [..,K] W [K,N]}: a rank-2 b makes all leading axes of a rows of one
 * product. Saves a and b. 2 M N K FLOPs forward, twice that backward.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class MatMul extends Node {
  private Tensor a;
  private Tensor b;
  private @Nullable Tensor bias;
  private Tensor y;
  private boolean transposeA;
  private boolean transposeB;

  private MatMul() {}

  /** a [..,K], b [K,N] or [..,K,N], to y [..,N]. */
  public static Tensor forward(Tape tape, Tensor a, Tensor b) {
    return forward(tape, a, false, b, false, null);
  }

  /**
   * @param a [..,M,K], or [..,K,M] transposed
   * @param b [K,N] or [..,K,N], or with the last two axes swapped when transposed
   * @param bias [N], or null
   * @return [..,M,N]
   */
  public static Tensor forward(
      Tape tape,
      Tensor a,
      boolean transposeA,
      Tensor b,
      boolean transposeB,
      @Nullable Tensor bias) {
    Check.floating("matmul", a, b);
    int rankA = a.shape().rank();
    int rankB = b.shape().rank();
    boolean shared = rankB == 2;
    Check.shape(
        rankB >= 2 && (shared && !transposeA ? rankA >= 1 : rankA == rankB),
        "matmul",
        a,
        b,
        "expected a second operand of rank 2, or two operands of equal rank");
    int n = b.dim(transposeB ? -2 : -1);
    int k = b.dim(transposeB ? -1 : -2);
    if (a.dim(transposeA ? -2 : -1) != k) {
      Check.shape(
          false,
          "matmul",
          a,
          b,
          "expected equal inner extents, got " + a.dim(transposeA ? -2 : -1) + " and " + k);
    }
    if (bias != null) {
      Check.floating("matmul", a, bias);
      Check.shape(
          bias.size() == n, "matmul", b, bias, "expected a bias with one element per column");
    }
    Tensor y = transposeA ? transposedOutput(tape, a, n) : tape.arena().likeWithColumns(a, n);
    tape.backend().matmul(a, transposeA, b, transposeB, bias, y, false);
    if (tape.records(a, b) || (bias != null && tape.records(bias))) {
      MatMul node = tape.push(MatMul.class, MatMul::new, y);
      node.a = a;
      node.b = b;
      node.bias = bias;
      node.y = y;
      node.transposeA = transposeA;
      node.transposeB = transposeB;
    }
    return y;
  }

  private static Tensor transposedOutput(Tape tape, Tensor a, int n) {
    int[] dims = a.shape().toArray();
    dims[dims.length - 2] = a.dim(-1);
    dims[dims.length - 1] = n;
    return tape.arena().tensor(a.dtype(), Shape.of(dims));
  }

  /**
   * {@code dA = dY op(b)ᵀ; dB = op(a)ᵀ dY; dBias = Σ_rows dY}; each transposed back where its
   * operand was.
   */
  @Override
  protected void backward(Tape tape) {
    Tensor dY = y.grad(); // [..,M,N]
    if (a.requiresGrad()) {
      boolean accumulate = tape.openGrad(a);
      if (transposeA) {
        tape.backend().matmul(b, transposeB, dY, true, null, a.grad(), accumulate);
      } else {
        tape.backend().matmul(dY, false, b, !transposeB, null, a.grad(), accumulate);
      }
    }
    if (b.requiresGrad()) {
      boolean accumulate = tape.openGrad(b);
      boolean flatten = b.shape().rank() == 2 && y.shape().rank() != 2;
      Tensor rowsA = flatten ? asMatrix(a) : a;
      Tensor rowsY = flatten ? asMatrix(dY) : dY;
      if (transposeB) {
        tape.backend().matmul(rowsY, true, rowsA, transposeA, null, b.grad(), accumulate);
      } else {
        tape.backend().matmul(rowsA, !transposeA, rowsY, false, null, b.grad(), accumulate);
      }
    }
    if (bias != null && bias.requiresGrad()) {
      boolean accumulate = tape.openGrad(bias);
      tape.backend().sumRows(dY, bias.grad(), accumulate);
    }
  }

  private static Tensor asMatrix(Tensor t) {
    return t.reshape(Math.toIntExact(t.rows()), t.columns());
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
