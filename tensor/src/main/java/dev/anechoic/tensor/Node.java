package dev.anechoic.tensor;

/**
 * One recorded op on a {@link Tape}: it knows its inputs, its output and what it saved, and turns
 * the gradient of the output into gradients of the inputs. Ops extend it; see {@code tensor.op}.
 */
public abstract class Node {
  /** The differentiable result; its gradient is complete when {@link #backward} runs. */
  protected abstract Tensor output();

  /**
   * Whether the output is the input, changed in place: its gradient then passes on to the op that
   * made it and is not dropped after {@link #backward}.
   */
  protected boolean inPlace() {
    return false;
  }

  /** Adds this op's share to the gradients of its inputs. */
  protected abstract void backward(Tape tape);
}
