package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding, in place; Su et al., RoFormer (2021), in the half-split pairing of
 * GPT-NeoX: {@code (x_i, x_{i+D/2})} turns by the angle {@code position base^(-2i/D)}.
 *
 * <p>In place, since no op before it needs its own output again: the rotated tensor is the input
 * tensor, and backward turns the gradient back where it lies. Saves the table only.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Rotary extends Node {
  private Tensor x;
  private @Nullable Tensor starts;
  private Tensor table;
  private int heads;
  private int headSize;

  private Rotary() {}

  /**
   * Turns the first {@code heads} heads of each row of x.
   *
   * @param x [B,T,W], changed; W at least heads * headSize. The op that made x must not need it for
   *     its own backward (a matmul does not)
   * @param starts I32 [B], position of each row's first token, or null for 0
   * @param table [positions, headSize], from {@link #table}
   * @return x
   */
  public static Tensor forward(
      Tape tape, Tensor x, @Nullable Tensor starts, Tensor table, int heads, int headSize) {
    Check.floating("rotary", x, table);
    boolean fits = x.shape().rank() == 3 && x.columns() >= heads * headSize && headSize % 2 == 0;
    if (!fits) {
      Check.shape(
          false,
          "rotary",
          x,
          "expected [B,T,W] with room for " + heads + " heads of an even size, got " + headSize);
    }
    Check.shape(
        table.columns() == headSize && (starts != null || table.rows() >= x.dim(1)),
        "rotary",
        x,
        table,
        "expected a table [positions, headSize] that covers every position");
    if (starts != null) {
      Check.indices("rotary", starts);
      Check.shape(
          starts.size() == x.dim(0), "rotary", x, starts, "expected one start per sequence");
    }
    Check.shape(
        !tape.records(x) || !x.hasGrad(),
        "rotary",
        x,
        "it works in place: expected the result of an op, not a parameter with its own gradient");
    tape.backend().rotary(x, starts, table, heads, headSize, false, x);
    if (tape.records(x)) {
      Rotary node = tape.push(Rotary.class, Rotary::new, x);
      node.x = x;
      node.starts = starts;
      node.table = table;
      node.heads = heads;
      node.headSize = headSize;
    }
    return x;
  }

  /** The inverse rotation, of the gradient itself: {@code dX = R(-angle) dY}. */
  @Override
  protected void backward(Tape tape) {
    tape.openGrad(x); // makes it x's own where it was shared
    tape.backend().rotary(x.grad(), starts, table, heads, headSize, true, x.grad());
  }

  @Override
  protected Tensor output() {
    return x;
  }

  @Override
  protected boolean inPlace() {
    return true;
  }

  /** cos and sin of every angle, [positions, headSize]: cos in the first half of a row. */
  public static float[] table(int positions, int headSize, double base) {
    int half = headSize / 2;
    float[] table = new float[positions * headSize];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        double angle = p * StrictMath.pow(base, -2.0 * i / headSize);
        table[p * headSize + i] = (float) StrictMath.cos(angle);
        table[p * headSize + half + i] = (float) StrictMath.sin(angle);
      }
    }
    return table;
  }
}
