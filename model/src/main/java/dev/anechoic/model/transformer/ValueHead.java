package dev.anechoic.model.transformer;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.op.MatMul;

/**
 * A linear map from the final hidden state to a value estimate: {@code values = hidden w + b}.
 * Starts at zero, so that every first estimate is 0. On a policy's own hidden states, or on those
 * of a critic, a second {@link Transformer}.
 */
public final class ValueHead implements AutoCloseable {
  private final Parameters parameters;
  private final Tensor weight; // [C,1]
  private final Tensor bias; // [1]
  private Shape flat = Shape.of(0);

  public ValueHead(int channels, Backend backend, MemoryLedger ledger) {
    ParameterLayout layout =
        new ParameterLayout()
            .add("value.weight", ParameterLayout.Kind.MATRIX, channels, 1)
            .add("value.bias", ParameterLayout.Kind.BIAS, 1);
    parameters = new Parameters(layout, backend, ledger);
    weight = parameters.get("value.weight");
    bias = parameters.get("value.bias");
  }

  public Parameters parameters() {
    return parameters;
  }

  /**
   * hidden [N,C] to values [N].
   *
   * @param detached whether the gradient stops here instead of reaching the transformer
   */
  public Tensor values(Tape tape, Tensor hidden, boolean detached) {
    Tensor features = detached ? copyOf(tape, hidden) : hidden;
    Tensor column = MatMul.forward(tape, features, false, weight, false, bias);
    Shape shape = flat; // once: several threads may sample with this head
    if (shape.size() != column.size()) {
      shape = Shape.of(Math.toIntExact(column.size()));
      flat = shape;
    }
    return column.view(0, shape);
  }

  /** A copy has no history, so no gradient flows through it. */
  private static Tensor copyOf(Tape tape, Tensor hidden) {
    Tensor copy = tape.arena().like(hidden);
    tape.backend().copy(hidden, copy);
    return copy;
  }

  @Override
  public void close() {
    parameters.close();
  }
}
