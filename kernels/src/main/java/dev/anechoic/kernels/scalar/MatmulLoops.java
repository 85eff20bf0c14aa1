package dev.anechoic.kernels.scalar;

import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Matrix multiplication and table look-up. */
interface MatmulLoops extends Kernels {

  @Override
  default void matmul(
      Tensor aTensor,
      boolean transposeA,
      Tensor bTensor,
      boolean transposeB,
      @Nullable Tensor biasTensor,
      Tensor outTensor,
      boolean accumulate) {
    Floats a = Floats.of(aTensor); // [..,M,K], or [..,K,M] transposed
    Floats b = Floats.of(bTensor); // [..,K,N], or [..,N,K] transposed
    Floats out = Floats.of(outTensor); // [..,M,N]
    boolean bShared = bTensor.shape().rank() == 2;
    int n = out.columns;
    int k = bTensor.dim(transposeB ? -1 : -2);
    int m = bShared && !transposeA ? out.rows : outTensor.dim(-2);
    int batch = m * n == 0 ? 0 : out.size / (m * n);
    for (int g = 0; g < batch; g++) {
      int aFrom = g * m * k;
      int bFrom = bShared ? 0 : g * k * n;
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          int o = (g * m + i) * n + j;
          float sum = accumulate ? out.at(o) : 0;
          for (int l = 0; l < k; l++) {
            float left = a.at(aFrom + (transposeA ? l * m + i : i * k + l));
            float right = b.at(bFrom + (transposeB ? j * k + l : l * n + j));
            sum = Math.fma(left, right, sum);
          }
          out.put(o, biasTensor == null ? sum : sum + Floats.of(biasTensor).at(j));
        }
      }
    }
  }

  @Override
  default void embedding(Tensor tableTensor, Tensor indicesTensor, Tensor outTensor) {
    Floats table = Floats.of(tableTensor); // [V,C]
    Ints indices = Ints.of(indicesTensor); // [N]
    Floats out = Floats.of(outTensor); // [N,C]
    for (int n = 0; n < indices.size; n++) {
      int index = indices.index(n, table.rows, "embedding", "indices");
      for (int c = 0; c < table.columns; c++) {
        out.put(n, c, table.at(index, c));
      }
    }
  }

  @Override
  default void embeddingBackward(Tensor indicesTensor, Tensor dOutTensor, Tensor dTableTensor) {
    Ints indices = Ints.of(indicesTensor); // [N]
    Floats dOut = Floats.of(dOutTensor); // [N,C]
    Floats dTable = Floats.of(dTableTensor); // [V,C]
    for (int n = 0; n < indices.size; n++) {
      int index = indices.index(n, dTable.rows, "embeddingBackward", "indices");
      for (int c = 0; c < dTable.columns; c++) {
        dTable.put(index, c, dOut.at(n, c), true);
      }
    }
  }
}
