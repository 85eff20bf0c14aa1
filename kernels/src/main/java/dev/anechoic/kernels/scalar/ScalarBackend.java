package dev.anechoic.kernels.scalar;

import dev.anechoic.kernels.heap.HeapMemory;

/** Every kernel as a plain loop in single precision on one thread. */
public class ScalarBackend
    implements HeapMemory,
        ElementwiseLoops,
        SumLoops,
        MatmulLoops,
        SoftmaxLoops,
        NormLoops,
        ActivationLoops,
        AttentionLoops,
        LogitLoops,
        LossLoops,
        SampleLoops,
        AdamWLoops {
  static final String NAME = "cpu-scalar";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return NAME + ": plain loops in single precision, 1 thread";
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
