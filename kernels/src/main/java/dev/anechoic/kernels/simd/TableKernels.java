package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/** Rows of a table by index, and the gradient of the table. */
final class TableKernels {
  private static final VectorSpecies<Float> F = Lanes.F;
  private static final int V = F.length();

  private final Gather gather;
  private final Scatter scatter;

  TableKernels(WorkerPool pool) {
    gather = new Gather(pool);
    scatter = new Scatter(pool);
  }

  void embedding(Tensor table, Tensor indices, Tensor out) {
    int count = (int) indices.size();
    gather.table.set(table);
    gather.indices.set(indices);
    gather.indices.check(count, (int) table.rows(), false, "embedding", "indices");
    gather.out.set(out);
    gather.columns = table.columns();
    gather.start(count, table.columns());
  }

  void embeddingBackward(Tensor indices, Tensor dOut, Tensor dTable) {
    int count = (int) indices.size();
    scatter.indices.set(indices);
    scatter.indices.check(count, (int) dTable.rows(), false, "embeddingBackward", "indices");
    scatter.dOut.set(dOut);
    scatter.dTable.set(dTable);
    scatter.count = count;
    scatter.columns = dTable.columns();
    scatter.start((dTable.columns() + V - 1) / V, 2L * V * count);
  }

  private static final class Gather extends RowKernel {
    final Operand table = new Operand();
    final Indices indices = new Indices();
    final Operand out = new Operand();
    int columns;

    Gather(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      for (int n = from; n < to; n++) {
        int row = table.at + indices.get(n) * columns;
        System.arraycopy(table.array, row, out.array, out.at + n * columns, columns);
      }
    }
  }

  /** Threads split the columns, so that every row of the table is added to in order of n. */
  private static final class Scatter extends RowKernel {
    final Indices indices = new Indices();
    final Operand dOut = new Operand();
    final Operand dTable = new Operand();
    int count;
    int columns;

    Scatter(WorkerPool pool) {
      super(pool);
    }

    @Override
    void rows(int from, int to, int worker) {
      int first = from * V;
      int last = Math.min(columns, to * V);
      for (int n = 0; n < count; n++) {
        addRun(
            dOut.array,
            dOut.at + n * columns,
            dTable.array,
            dTable.at + indices.get(n) * columns,
            first,
            last);
      }
    }

    private static void addRun(float[] x, int xAt, float[] out, int outAt, int first, int last) {
      int c = first;
      for (; c + V <= last; c += V) {
        FloatVector.fromArray(F, out, outAt + c)
            .add(FloatVector.fromArray(F, x, xAt + c))
            .intoArray(out, outAt + c);
      }
      if (c < last) {
        VectorMask<Float> mask = F.indexInRange(c, last);
        FloatVector.fromArray(F, out, outAt + c, mask)
            .add(FloatVector.fromArray(F, x, xAt + c, mask))
            .intoArray(out, outAt + c, mask);
      }
    }
  }
}
