package dev.anechoic.rl.cli;

import java.lang.reflect.Method;
import java.util.Locale;

/**
 * The vector width that the JVM prefers on this machine. Asked by reflection: only {@code
 * kernels.simd} may depend on the incubating vector module, which can be absent at run time.
 */
final class VectorWidth {
  private VectorWidth() {}

  static String describe() {
    try {
      Class<?> vector = Class.forName("jdk.incubator.vector.FloatVector");
      Object species = vector.getField("SPECIES_PREFERRED").get(null);
      Method bits = Class.forName("jdk.incubator.vector.VectorSpecies").getMethod("vectorBitSize");
      int width = (int) bits.invoke(species);
      return String.format(Locale.ROOT, "%d bits, %d floats", width, width / Float.SIZE);
    } catch (ClassNotFoundException e) {
      return "the vector module is absent; start with ./anechoic, which adds it";
    } catch (ReflectiveOperationException e) {
      return "unknown: " + e;
    }
  }
}
