package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Tensor;
import dev.anechoic.tensor.TensorException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Our products against the vendor's, where a GPU with cuBLAS is; skipped elsewhere. */
class CublasTest {

  /** Operands are sixteenths, whose products and sums are exact: both must give the same bits. */
  @ParameterizedTest
  @CsvSource({
    "64, 64, 64, false, false",
    "200, 264, 136, false, true",
    "136, 72, 520, true, false",
    "1024, 768, 256, false, false"
  })
  void productsAgreeToTheBit(int m, int n, int k, boolean transposeA, boolean transposeB) {
    try (Backend backend = open();
        Cublas cublas = cublas(backend);
        Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger())) {
      Tensor a = arena.of(sixteenths(m * k, 1), transposeA ? k : m, transposeA ? m : k);
      Tensor b = arena.of(sixteenths(k * n, 2), transposeB ? n : k, transposeB ? k : n);
      Tensor halfA = arena.tensor(DType.BF16, a.shape());
      Tensor halfB = arena.tensor(DType.BF16, b.shape());
      backend.copy(a, halfA);
      backend.copy(b, halfB);
      Tensor ours = arena.zeros(DType.F32, m, n);
      Tensor theirs = arena.zeros(DType.F32, m, n);
      backend.matmul(a, transposeA, b, transposeB, null, ours, false);
      cublas.matmul(halfA, transposeA, halfB, transposeB, theirs);
      assertArrayEquals(theirs.toFloats(), ours.toFloats());
    }
  }

  private static Backend open() {
    try {
      return Backends.open("cuda", BackendOptions.DEFAULT).backend();
    } catch (TensorException e) {
      return abort(e.getMessage());
    }
  }

  private static Cublas cublas(Backend backend) {
    try {
      return Cublas.open(backend);
    } catch (DriverException e) {
      return abort(e.reason());
    }
  }

  private static float[] sixteenths(int count, int seed) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (((i * 31 + seed) * 0x9E3779B1 >>> 28) - 7.5f) / 8;
    }
    return values;
  }
}
