package dev.anechoic.kernels.simd;

import dev.anechoic.tensor.TensorException;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

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

  private static final List<VectorSpecies<Float>> SPECIES =
      List.of(FloatVector.SPECIES_128, FloatVector.SPECIES_256, FloatVector.SPECIES_512);

  static final VectorSpecies<Float> F =
      complaint() == null
          ? species(System.getProperty(PROPERTY), machineBits())
          : FloatVector.SPECIES_PREFERRED; // which nobody uses: the provider has said no

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

  /** What is wrong with the forced width, or null. */
  static @Nullable String complaint() {
    try {
      species(System.getProperty(PROPERTY), machineBits());
      return null;
    } catch (TensorException e) {
      return e.getMessage();
    }
  }

  /**
   * The species of a forced width.
   *
   * @param forced value of {@link #PROPERTY}, or null
   * @param machineBits width of the machine's own vectors; wider ones would be objects on the heap
   * @throws TensorException of kind BACKEND where there is no such width here
   */
  static VectorSpecies<Float> species(@Nullable String forced, int machineBits) {
    if (forced == null) {
      return FloatVector.SPECIES_PREFERRED;
    }
    for (VectorSpecies<Float> species : SPECIES) {
      String bits = Integer.toString(species.vectorBitSize());
      if (bits.equals(forced.strip()) && species.vectorBitSize() <= machineBits) {
        return species;
      }
    }
    throw new TensorException(
        TensorException.Kind.BACKEND,
        "-D" + PROPERTY + "=" + forced,
        "expected 128, 256 or 512, and at most the machine's own width of " + machineBits);
  }

  /** The largest multiple of {@link #V} that is not above {@code n}. */
  static int whole(int n) {
    return n & -V;
  }

  static IntVector intVector(int value) {
    return IntVector.broadcast(I, value);
  }
}
