package dev.anechoic.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The kernels in a form that the driver loads: the fatbin of the build, or compiled by NVRTC. */
public final class KernelProgram {
  private static final String FATBIN = "anechoic.fatbin";

  private KernelProgram() {}

  /** The program of this build. */
  public static KernelProgram load() {
    return new KernelProgram();
  }

  /** Whether the build had nvcc; NVRTC compiles all but the teaching ladder. */
  public static boolean hasFatbin() {
    return KernelProgram.class.getResource(FATBIN) != null;
  }

  /**
   * The program for a device.
   *
   * @param major of its compute capability
   * @param minor of its compute capability
   * @throws DriverException where there is neither a fatbin nor NVRTC
   */
  byte[] image(int major, int minor) {
    try (InputStream in = KernelProgram.class.getResourceAsStream(FATBIN)) {
      if (in != null) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + FATBIN + " from the class path", e);
    }
    return RuntimeCompiler.compile(major, minor);
  }
}
