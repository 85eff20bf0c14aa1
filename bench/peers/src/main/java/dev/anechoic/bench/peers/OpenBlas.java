package dev.anechoic.bench.peers;

import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.Work;
import java.util.Map;
import org.bytedeco.openblas.global.openblas;
import org.jspecify.annotations.Nullable;

/** OpenBLAS. */
public final class OpenBlas implements Peer {
  @Override
  public String name() {
    return "openblas";
  }

  @Override
  public Map<String, String> environment(int threads) {
    return Map.of("OPENBLAS_NUM_THREADS", Integer.toString(threads));
  }

  @Override
  public String open(int threads) {
    openblas.blas_set_num_threads(threads);
    String version = openblas.class.getPackage().getImplementationVersion();
    return "OpenBLAS " + version + ", " + openblas.blas_get_num_threads() + " thread(s)";
  }

  @Override
  public @Nullable Prepared prepare(Work work) {
    return Blas.prepare(
        work,
        (transA, transB, m, n, k, a, lda, b, ldb, c, ldc) ->
            openblas.cblas_sgemm(
                Blas.ROW_MAJOR, transA, transB, m, n, k, 1, a, lda, b, ldb, 0, c, ldc));
  }
}
