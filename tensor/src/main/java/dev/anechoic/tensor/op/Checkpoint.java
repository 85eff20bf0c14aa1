package dev.anechoic.tensor.op;

import dev.anechoic.tensor.Node;
import dev.anechoic.tensor.Tape;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * Activation checkpointing of a block; Chen et al., "Training deep nets with sublinear memory cost"
 * (2016): forward keeps the block's input alone, backward runs the block again to have its
 * activations. Costs one more forward pass, saves all memory inside the block.
 */
@SuppressWarnings("NullAway.Init") // forward sets the fields of a recycled node
public final class Checkpoint extends Node {
  /** A piece of a model with one input and one output; the same bits at every call. */
  @FunctionalInterface
  public interface Block {
    Tensor forward(Tape tape, Tensor x);
  }

  private Block block;
  private Tape inner;
  private Tensor x;
  private Tensor y;

  private Checkpoint() {}

  /**
   * @param inner a tape over an arena of its own, shared by all checkpoints of a model and empty
   *     between calls
   * @param block may use parameters; their gradients add up as usual
   * @param x input of the block
   */
  public static Tensor forward(Tape tape, Tape inner, Block block, Tensor x) {
    Check.floating("checkpoint", x);
    boolean recording = inner.setRecording(false);
    Tensor y;
    try {
      Tensor result = block.forward(inner, x);
      y = tape.arena().like(result);
      tape.backend().copy(result, y);
    } finally {
      inner.setRecording(recording);
      inner.reset();
    }
    if (tape.isRecording()) {
      Checkpoint node = tape.push(Checkpoint.class, Checkpoint::new, y);
      node.block = block;
      node.inner = inner;
      node.x = x;
      node.y = y;
    }
    return y;
  }

  /** Runs the block again on a copy of x, this time recorded, and goes backward through it. */
  @Override
  protected void backward(Tape tape) {
    try {
      Tensor input = inner.arena().like(x);
      tape.backend().copy(x, input);
      input.requireGrad();
      Tensor result = block.forward(inner, input);
      inner.backward(result, y.grad());
      if (inner.lendsGradients()) {
        throw new TensorException(
            TensorException.Kind.CLOSED,
            "backward through checkpoint of " + x,
            "a parameter inside has no gradient storage that outlives the block; give it some with"
                + " setGrad");
      }
      if (x.requiresGrad()) {
        boolean accumulate = tape.openGrad(x);
        tape.backend().scale(input.grad(), 1, x.grad(), accumulate);
      }
    } finally {
      inner.reset();
    }
  }

  @Override
  protected Tensor output() {
    return y;
  }
}
