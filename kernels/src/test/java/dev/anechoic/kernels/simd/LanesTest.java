package dev.anechoic.kernels.simd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.TensorException;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LanesTest {
  @ParameterizedTest
  @CsvSource({"128, 512, 128", "256, 256, 256", "' 512', 512, 512", "128, 128, 128"})
  void aForcedWidthIsTaken(String forced, int machineBits, int bits) {
    assertEquals(bits, Lanes.species(forced, machineBits).vectorBitSize());
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      value = {"none, 128", "none, 512"})
  void withoutOneTheMachineDecides(String forced, int machineBits) {
    assertEquals(FloatVector.SPECIES_PREFERRED, Lanes.species(forced, machineBits));
  }

  /** Vectors wider than the machine's would be objects on the heap. */
  @ParameterizedTest
  @CsvSource({"64, 512", "1024, 512", "512, 256", "wide, 512", "'', 512", "-128, 512"})
  void anotherWidthIsAnErrorThatNamesTheChoice(String forced, int machineBits) {
    TensorException e =
        assertThrows(TensorException.class, () -> Lanes.species(forced, machineBits));

    assertEquals(TensorException.Kind.BACKEND, e.kind());
    assertTrue(e.getMessage().contains("vectorBits=" + forced + ":"), e.getMessage());
    assertTrue(e.getMessage().contains("own width of " + machineBits), e.getMessage());
  }
}
