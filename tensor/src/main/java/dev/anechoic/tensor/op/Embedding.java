package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;

/**
 * Rows of a table: {@code y_n = table[indices_n]}. Serves token embedding and any gather of rows.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Embedding extends Node {
  private Tensor table;
  private Tensor indices;
  private Tensor y;

  private Embedding() {}

  /** table [V,C], indices I32 of any shape [..], to y [..,C]. */
  public static Tensor forward(Tape tape, Tensor table, Tensor indices) {
    Check.floating("embedding", table);
    Check.indices("embedding", indices);
    Check.shape(table.shape().rank() == 2, "embedding", table, "expected a table [V,C]");
    int columns = table.columns();
    Tensor y =
        switch (indices.shape().rank()) {
          case 1 -> tape.arena().tensor(table.dtype(), indices.dim(0), columns);
          case 2 -> tape.arena().tensor(table.dtype(), indices.dim(0), indices.dim(1), columns);
          default -> tape.arena().tensor(table.dtype(), Math.toIntExact(indices.size()), columns);
        };
    tape.backend().embedding(table, indices, y);
    if (tape.records(table)) {
      Embedding node = tape.push(Embedding.class, Embedding::new, y);
      node.table = table;
      node.indices = indices;
      node.y = y;
    }
    return y;
  }

  /** {@code dTable[indices_n] += dY_n}, n in increasing order. */
  @Override
  protected void backward(Tape tape) {
    if (!tape.openGrad(table)) {
      tape.backend().fill(table.grad(), 0);
    }
    tape.backend().embeddingBackward(indices, y.grad(), table.grad());
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
