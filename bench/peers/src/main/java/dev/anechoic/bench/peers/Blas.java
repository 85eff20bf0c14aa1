package dev.anechoic.bench.peers;

import dev.anechoic.bench.ops.OpRow;
import dev.anechoic.bench.peer.Peer.Prepared;
import dev.anechoic.bench.peer.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;

/** A matrix product through the C interface of a BLAS. */
final class Blas implements Prepared {
  static final int ROW_MAJOR = 101;
  private static final int NO_TRANSPOSE = 111;
  private static final int TRANSPOSE = 112;
  private static final int CACHE_LINE_BYTES = 64;

  /** {@code cblas_sgemm} of one library, row-major. */
  @FunctionalInterface
  interface Sgemm {
    void multiply(
        int transA,
        int transB,
        int m,
        int n,
        int k,
        FloatPointer a,
        int lda,
        FloatPointer b,
        int ldb,
        FloatPointer c,
        int ldc);
  }

  private final Sgemm sgemm;
  private final Arena arena = Arena.ofShared();
  private final int m;
  private final int n;
  private final int k;
  private final boolean transposeA;
  private final boolean transposeB;
  private final FloatPointer a;
  private final FloatPointer b;
  private final FloatPointer c;

  private Blas(Sgemm sgemm, OpRow row) {
    this.sgemm = sgemm;
    m = row.axis("M");
    n = row.axis("N");
    k = row.axis("K");
    transposeA = row.axis("transposeA") == 1;
    transposeB = row.axis("transposeB") == 1;
    a = floats((long) m * k);
    b = floats((long) k * n);
    c = floats((long) m * n);
  }

  /** The product, or null for other work. */
  static @Nullable Prepared prepare(Work work, Sgemm sgemm) {
    return work instanceof Work.Op op && op.row().op().equals("matmul")
        ? new Blas(sgemm, op.row())
        : null;
  }

  private FloatPointer floats(long count) {
    MemorySegment memory = arena.allocate(count * Float.BYTES, CACHE_LINE_BYTES);
    for (long i = 0; i < count; i++) {
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (i % 7 - 3) * 0.25f);
    }
    return new FloatPointer(memory.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
  }

  @Override
  public void run() {
    sgemm.multiply(
        transposeA ? TRANSPOSE : NO_TRANSPOSE,
        transposeB ? TRANSPOSE : NO_TRANSPOSE,
        m,
        n,
        k,
        a,
        transposeA ? m : k,
        b,
        transposeB ? k : n,
        c,
        n);
  }

  @Override
  public void close() {
    arena.close();
  }
}
