package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * The steps of the attention ladder in {@code cuda-src/ladder/}, for tests and measurements:
 * causal, one sequence, heads of 64. The step after the last one here is the shipped {@code
 * attention}.
 */
public enum LadderAttention {
  NAIVE("as the formula says", Operand.F32, 1, 64, 0),
  ONLINE("online softmax", Operand.F32, 4, 128, 0),
  TILED("tiles of keys in shared memory", Operand.F32, 64, 256, 4 * 4 * 64 * 65),
  TENSOR_CORES("both products by mma.sync", Operand.ROUNDED, 64, 128, 24 << 10),
  PIPELINE("the next tile comes meanwhile", Operand.ROUNDED, 64, 128, 40 << 10),
  WGMMA("wgmma and TMA", Operand.IMAGES, 64, 128, (25 << 10) + 8),
  SPECIALISED("one warp copies", Operand.IMAGES, 64, 160, (57 << 10) + 13 * 8),
  OVERLAP("softmax during products", Operand.IMAGES, 64, 160, (57 << 10) + 13 * 8);

  /** The form of the operand. */
  private enum Operand {
    F32,
    /** Rows in bf16. */
    ROUNDED,
    /** One image of rows per head, for wgmma. */
    IMAGES
  }

  /** Values of a head. */
  public static final int HEAD_SIZE = 64;

  /** T is a multiple of this. */
  public static final int ROWS = 64;

  private final String idea;
  private final Operand operand;
  private final int rows;
  private final int threads;
  private final int sharedBytes;

  LadderAttention(String idea, Operand operand, int rows, int threads, int sharedBytes) {
    this.idea = idea;
    this.operand = operand;
    this.rows = rows;
    this.threads = threads;
    this.sharedBytes = sharedBytes;
  }

  /** The kernel's name. */
  public String kernel() {
    return "ladderAttention" + (ordinal() + 1);
  }

  /** What is new in this step, in a few words. */
  public String idea() {
    return idea;
  }

  /** Whether it works on operands rounded to bf16. */
  public boolean rounds() {
    return operand != Operand.F32;
  }

  /** Whether the device has the instructions. */
  public boolean runsOn(CudaBackend backend) {
    return operand != Operand.IMAGES || backend.gpu().driver().wgmma();
  }

  int threads() {
    return threads;
  }

  int sharedBytes() {
    return sharedBytes;
  }

  /** Floating-point operations: two products over the causal half. */
  public static double flops(int time, int heads) {
    return 2.0 * time * time * HEAD_SIZE * heads;
  }

  /** Bytes of device memory that {@link #prepare} takes. */
  public long workspaceBytes(int time, int heads) {
    return this == NAIVE
        ? 4L * heads * time * time
        : rounds() ? 2L * time * 3 * heads * HEAD_SIZE : 0;
  }

  /**
   * Brings the operand into the step's form and returns what launches the kernel.
   *
   * @param arena holds the operand in that form
   * @param qkv [T,3*H*64]
   * @param out [T,H*64], overwritten
   * @throws TensorException where T is no multiple of 64
   */
  public Runnable prepare(
      CudaBackend backend, Arena arena, Tensor qkv, int heads, double scale, Tensor out) {
    int time = qkv.dim(0);
    if (time % ROWS != 0) {
      throw new TensorException(
          TensorException.Kind.SHAPE, kernel() + " of " + qkv, "T must be a multiple of " + ROWS);
    }
    Tensor inForm = rounds() ? arena.tensor(DType.BF16, qkv.shape()) : qkv;
    if (operand == Operand.ROUNDED) {
      backend.copy(qkv, inForm);
    } else if (operand == Operand.IMAGES) {
      backend
          .gpu()
          .elements(AttentionSize.UP_TO_64.sm90.pack(), qkv.size() / 8)
          .arg(qkv)
          .out(inForm)
          .arg(1)
          .arg(time)
          .arg(3L * heads)
          .launch();
    }
    Tensor scores = this == NAIVE ? arena.tensor(DType.F32, heads, time, time) : null;
    return () -> {
      Kernel kernel =
          backend.gpu().kernel(kernel(), time / rows, heads, 1, threads, sharedBytes).arg(inForm);
      (scores == null ? kernel : kernel.out(scores))
          .out(out)
          .arg(time)
          .arg(heads)
          .arg((float) scale)
          .launch();
    };
  }
}
