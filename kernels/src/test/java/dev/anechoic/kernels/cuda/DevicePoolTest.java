package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.kernels.emulated.EmulatedDriver;
import dev.anechoic.kernels.emulated.EmulationLibrary;
import dev.anechoic.tensor.TensorException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Blocks are kept and handed out again; a full device gives one clear message. */
class DevicePoolTest {
  private EmulatedDriver driver;
  private DevicePool pool;

  @BeforeEach
  void open() {
    String problem = EmulationLibrary.unavailableBecause();
    if (problem != null) {
      System.out.println("skipped: " + problem);
    }
    assumeTrue(problem == null, problem);
    driver = new EmulatedDriver(EmulationLibrary.get(), false, false);
    pool = new DevicePool(driver);
  }

  @AfterEach
  void close() {
    if (driver != null) {
      driver.close();
    }
  }

  @Test
  void aBlockGivenBackServesTheNextRequestOfItsSize() {
    long first = pool.take(1000);
    pool.give(first, 1000);
    assertEquals(first, pool.take(1024));
    assertEquals(0, pool.keptBytes());
    assertEquals(1024, pool.takenBytes());
  }

  @Test
  void keptBlocksMakeRoomWhenTheDeviceIsFull() {
    driver.setRoomBytes(10L << 20);
    long block = pool.take(6L << 20);
    pool.give(block, 6L << 20);
    assertTrue(pool.take(8L << 20) != 0);
    assertEquals(0, pool.keptBytes());
  }

  @Test
  void aFullDeviceSaysWhatIsFreeAndWhatToDo() {
    driver.setRoomBytes(10L << 20);
    TensorException e = assertThrows(TensorException.class, () -> pool.take(64L << 20));
    assertEquals(TensorException.Kind.MEMORY, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("use a smaller batch"), e.getMessage());
  }
}
