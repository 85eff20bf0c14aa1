package dev.anechoic.bench.peers;

import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.Work;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.mkl.global.mkl_rt;
import org.jspecify.annotations.Nullable;

/** Intel's MKL. */
public final class Mkl implements Peer {
  private static final int VERSION_BYTES = 200;

  @Override
  public String name() {
    return "mkl";
  }

  @Override
  public Map<String, String> environment(int threads) {
    return Map.of(
        "MKL_NUM_THREADS",
        Integer.toString(threads),
        "OMP_NUM_THREADS",
        Integer.toString(threads),
        "MKL_DYNAMIC",
        "FALSE",
        // Long enough for back-to-back calls, and over before the next library's turn.
        "KMP_BLOCKTIME",
        "20");
  }

  @Override
  public String open(int threads) {
    mkl_rt.MKL_Set_Num_Threads(threads);
    try (BytePointer version = new BytePointer(VERSION_BYTES)) {
      version.zero();
      mkl_rt.MKL_Get_Version_String(version, VERSION_BYTES);
      return version.getString().strip();
    }
  }

  @Override
  public @Nullable Prepared prepare(Work work) {
    return Blas.prepare(
        work,
        (transA, transB, m, n, k, a, lda, b, ldb, c, ldc) ->
            mkl_rt.cblas_sgemm(
                Blas.ROW_MAJOR, transA, transB, m, n, k, 1, a, lda, b, ldb, 0, c, ldc));
  }
}
