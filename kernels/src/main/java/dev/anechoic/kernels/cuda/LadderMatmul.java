package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;

/**
 * The steps of the matmul ladder in {@code cuda-src/ladder/}, for tests and measurements. The step
 * after the last one here is the shipped kernel: {@link MatmulTile#WGMMA_128X256}, or {@link
 * MatmulTile#MMA_128X256} where there is no wgmma.
 */
public enum LadderMatmul {
  NAIVE("one thread per element", Operands.F32, 16, 16, 256, 0),
  COALESCED("neighbouring threads, neighbouring columns", Operands.F32, 8, 32, 256, 0),
  SHARED_TILES("tiles in shared memory", Operands.F32, 32, 32, 1024, 0),
  REGISTER_TILES("a tile of the result per thread", Operands.F32, 128, 128, 256, 0),
  VECTORS("16 bytes to a load", Operands.F32, 128, 128, 256, 0),
  TENSOR_CORES("mma.sync", Operands.BF16, 64, 64, 128, 0),
  SWIZZLE("ldmatrix from swizzled tiles", Operands.BF16, 128, 128, 256, 32 << 10),
  PIPELINE("asynchronous copies in three stages", Operands.BF16, 128, 128, 256, 96 << 10),
  WGMMA("wgmma and TMA, one after the other", Operands.PACKED, 64, 128, 128, hopperBytes(1, 3, 1)),
  STAGES("copies three stages ahead", Operands.PACKED, 64, 128, 128, hopperBytes(4, 3, 1)),
  SPECIALISED(
      "warps that copy, warps that multiply", Operands.PACKED, 128, 128, 288, hopperBytes(4, 4, 2));

  /** The form in which a step takes a and b. */
  public enum Operands {
    /** As they are. */
    F32,
    /** Rounded, in the same places. */
    BF16,
    /** Rounded, in swizzled tiles of 64 x 64 along k; these steps need wgmma. */
    PACKED
  }

  /** Extents along k are multiples of this. */
  public static final int DEPTH = 64;

  private final String idea;
  private final Operands operands;
  private final int rows;
  private final int columns;
  private final int threads;
  private final int sharedBytes;

  LadderMatmul(
      String idea, Operands operands, int rows, int columns, int threads, int sharedBytes) {
    this.idea = idea;
    this.operands = operands;
    this.rows = rows;
    this.columns = columns;
    this.threads = threads;
    this.sharedBytes = sharedBytes;
  }

  /** Room to align, stages of so many 8 KB tiles, and barriers of 8 bytes. */
  private static int hopperBytes(int stages, int tiles, int barriersPerStage) {
    return 1024 + stages * (8192 * tiles + 8 * barriersPerStage);
  }

  /** The kernel's name. */
  public String kernel() {
    return "ladderMatmul" + (ordinal() + 1);
  }

  /** What is new in this step, in a few words. */
  public String idea() {
    return idea;
  }

  /** The form of its operands. */
  public Operands operands() {
    return operands;
  }

  int threads() {
    return threads;
  }

  int sharedBytes() {
    return sharedBytes;
  }

  /** Floating-point operations of {@code [m,k] [k,n]}. */
  public static double flops(int m, int n, int k) {
    return 2.0 * m * n * k;
  }

  /** Whether the device has the instructions. */
  public boolean runsOn(CudaBackend backend) {
    return operands != Operands.PACKED || backend.gpu().driver().wgmma();
  }

  /**
   * Brings the operands into the step's form and returns what launches the kernel: {@code out = a
   * b}.
   *
   * @param arena holds the operands in that form
   * @param a [M,K]
   * @param b [K,N]
   * @param out [M,N], overwritten
   * @throws TensorException where the sizes are no multiples of the tile, or the device lacks wgmma
   */
  public Runnable prepare(CudaBackend backend, Arena arena, Tensor a, Tensor b, Tensor out) {
    int m = out.dim(0);
    int n = out.dim(1);
    int k = a.dim(1);
    if (m % rows != 0 || n % columns != 0 || k % DEPTH != 0) {
      throw new TensorException(
          TensorException.Kind.SHAPE,
          kernel() + " of " + a + " and " + b,
          "rows must be a multiple of %d, columns of %d, k of %d".formatted(rows, columns, DEPTH));
    }
    if (!runsOn(backend)) {
      throw new TensorException(
          TensorException.Kind.BACKEND, kernel(), "it needs compute capability 9.0");
    }
    Tensor left = inForm(backend, arena, a, false, m, k);
    Tensor right = inForm(backend, arena, b, true, n, k);
    return () ->
        backend
            .gpu()
            .kernel(kernel(), n / columns, m / rows, 1, threads, sharedBytes)
            .arg(left)
            .arg(right)
            .out(out)
            .arg(m)
            .arg(n)
            .arg(k)
            .launch();
  }

  private Tensor inForm(
      CudaBackend backend, Arena arena, Tensor t, boolean kOutside, int rows, int k) {
    return switch (operands) {
      case F32 -> t;
      case BF16 -> RoundedOperand.rows(backend, arena, t);
      case PACKED -> RoundedOperand.tiles(backend, arena, t, kOutside, rows, k);
    };
  }
}
