package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A case of the op table on memory of its own, to be called again and again by a benchmark.
 *
 * <p>Unlike a {@link Binding} it is quick to set up for operands of any size: there are no guard
 * bands, floats repeat after {@value #PERIOD} values, and what the forward kernel saves comes from
 * the backend itself. An output holds zeros before the first call.
 */
public final class Workload implements OpCase.Tensors, AutoCloseable {
  /** A prime, so that no two columns of a matrix are alike. */
  private static final int PERIOD = 65_521;

  private final OpCase opCase;
  private final Backend backend;
  private final Arena arena;
  private final Tensor[] tensors;

  public Workload(OpCase opCase, Backend backend) {
    this.opCase = opCase;
    this.backend = backend;
    arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
    tensors = new Tensor[opCase.operands().size()];
    for (Operand operand : opCase.operands()) {
      DType dtype = operand.dtype == DType.F64 ? backend.floatType() : operand.dtype;
      Tensor t = arena.tensor(dtype, operand.shape).named(operand.name());
      tensors[operand.number] = t;
      fill(operand, t);
    }
    if (opCase.prepareCall() != null) {
      opCase.prepareCall().run(backend, this);
    }
    if (opCase.beforeCall() != null) {
      opCase.beforeCall().run(backend, this);
    }
  }

  private void fill(Operand operand, Tensor t) {
    boolean read =
        operand.isInput()
            || operand.role == Operand.Role.HELPER
            || operand.role == Operand.Role.IN_OUT
            || (operand.role == Operand.Role.GRADIENT && opCase.accumulate());
    if (!read) {
      backend.fill(t, 0);
    } else if (operand.dtype == DType.I32) {
      int[] values = new int[operand.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = (int) operand.at(i);
      }
      backend.write(t, values, 0);
    } else {
      float[] values = new float[operand.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = i < PERIOD ? (float) operand.at(i) : values[i - PERIOD];
      }
      backend.write(t, values, 0);
    }
  }

  @Override
  public @Nullable Tensor maybe(@Nullable Operand operand) {
    return operand == null ? null : tensors[operand.number];
  }

  /** Calls the kernel and waits for it; allocates nothing itself. */
  public void run() {
    opCase.invoke(backend, this);
    backend.synchronize();
  }

  @Override
  public void close() {
    arena.close();
  }
}
