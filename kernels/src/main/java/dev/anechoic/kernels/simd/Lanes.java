package dev.anechoic.kernels.simd;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width that every kernel of this package uses, fixed when the class loads.
 *
 * <p>The system property {@code anechoic.vectorBits} (128, 256 or 512) forces a narrower width than
 * the machine's own. It is read once, because C2 only turns vector code into instructions when the
 * species is a compile-time constant.
 */
public final class Lanes {
  /** Name of the system property that forces a width in bits. */
  public static final String PROPERTY = "anechoic.vectorBits";

  static final VectorSpecies<Float> F = choose();
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());

  /** Floats in one vector. */
  static final int V = F.length();

  /** True where the machine has 32 vector registers (AVX-512, NEON), false with 16 (AVX2). */
  static final boolean MANY_REGISTERS =
      FloatVector.SPECIES_PREFERRED.vectorBitSize() >= 512
          || System.getProperty("os.arch", "").equals("aarch64");

  private Lanes() {}

  /** Width in bits of the vectors in use. */
  public static int bits() {
    return F.vectorBitSize();
  }

  /** Width in bits of the machine's own vectors. */
  public static int machineBits() {
    return FloatVector.SPECIES_PREFERRED.vectorBitSize();
  }

  private static VectorSpecies<Float> choose() {
    String forced = System.getProperty(PROPERTY);
    if (forced == null) {
      return FloatVector.SPECIES_PREFERRED;
    }
    return switch (forced.strip()) {
      case "128" -> FloatVector.SPECIES_128;
      case "256" -> FloatVector.SPECIES_256;
      case "512" -> FloatVector.SPECIES_512;
      default ->
          throw new IllegalArgumentException(
              "-D"
                  + PROPERTY
                  + "="
                  + forced
                  + ": expected 128, 256 or 512; leave it out for the "
                  + "machine's own width of "
                  + machineBits());
    };
  }

  /** The largest multiple of {@link #V} that is not above {@code n}. */
  static int whole(int n) {
    return n & -V;
  }

  static IntVector intVector(int value) {
    return IntVector.broadcast(I, value);
  }
}
