package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Map;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JCublas2, which is linked with cuBLAS 12, reaches a cuBLAS 13 through the shim of the build. */
class CublasShimTest {
  /** A cuBLAS 13 of three functions. */
  private static final String CUBLAS_13 =
      """
      int cublasCreate_v2(void **handle) { *handle = (void *)7; return 0; }
      int cublasDestroy_v2(void *handle) { return handle == (void *)7 ? 0 : 1; }
      int cublasGetVersion_v2(void *handle, int *version) { *version = 130102; return 0; }
      """;

  @TempDir Path folder;

  /** Runs in the child. */
  static final class Child {
    public static void main(String[] args) {
      try (Cublas cublas = Cublas.create()) {
        System.out.println("version " + cublas.version());
        System.out.println("missing " + JCublas2.cublasSetMathMode(new cublasHandle(), 0));
      } catch (DriverException e) {
        System.out.println("error " + e.reason());
      }
    }
  }

  @Test
  void callsReachTheNewerLibrary() throws Exception {
    ChildJvm.assumeLinuxWithGcc();
    boolean shim = Cublas.class.getResource("shim/libanechoic-cublas-shim.so") != null;
    assumeTrue(shim, "this build has no shim");
    ChildJvm child = new ChildJvm(folder);
    child.library("libcublas.so.13", CUBLAS_13);
    String said = child.run(Child.class, Map.of());
    assertTrue(said.contains("version 13.1.2"), said);
    assertTrue(said.contains("missing 15"), "what 13 lacks answers NOT_SUPPORTED: " + said);
  }

  @Test
  void withoutCublasTheMessageNamesBothLibraries() throws Exception {
    ChildJvm.assumeLinuxWithGcc();
    String said = new ChildJvm(folder).run(Child.class, Map.of());
    assumeTrue(!said.contains("version"), "this machine has cuBLAS");
    assertTrue(said.contains("neither libcublas.so.12 nor libcublas.so.13"), said);
  }
}
