package dev.anechoic.tensor.profile;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.anechoic.tensor.Arena;
import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.BackendOptions;
import dev.anechoic.tensor.Backends;
import dev.anechoic.tensor.DType;
import dev.anechoic.tensor.MemoryLedger;
import dev.anechoic.tensor.Shape;
import dev.anechoic.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TracedBackendTest {
  @TempDir Path folder;

  @Test
  void everyKernelCallIsAnEventWithItsCostAndTheSameResult() throws Exception {
    Path file = folder.resolve("run.jfr");
    double[] result = new double[8];
    try (Recording recording = new Recording();
        Backend backend =
            TracedBackend.around(Backends.open("reference", BackendOptions.DEFAULT).backend())) {
      recording.start();
      Arena arena = new Arena(backend, Arena.Tag.WORKSPACE, new MemoryLedger());
      Tensor a = arena.tensor(DType.F64, Shape.of(2, 3));
      Tensor b = arena.tensor(DType.F64, Shape.of(3, 4));
      Tensor y = arena.tensor(DType.F64, Shape.of(2, 4));
      backend.fill(a, 2);
      backend.fill(b, 3);
      backend.matmul(a, false, b, false, null, y, false);
      backend.add(y, y, y);
      backend.read(y, result, 0);
      recording.stop();
      recording.dump(file);
    }
    assertArrayEquals(new double[] {36, 36, 36, 36, 36, 36, 36, 36}, result);
    List<RecordedEvent> events =
        RecordingFile.readAllEvents(file).stream()
            .filter(event -> event.getEventType().getName().equals("anechoic.Op"))
            .toList();
    assertEquals(
        List.of("fill", "fill", "matmul", "add"),
        events.stream().map(event -> event.getString("name")).toList());
    RecordedEvent matmul = events.get(2);
    assertEquals("[2,3]x[3,4]x[2,4]", matmul.getString("shape"));
    assertEquals(2 * 2 * 3 * 4, matmul.getLong("flops"));
    assertEquals(8 * (6 + 12 + 8), matmul.getLong("bytes"));
    assertEquals(8, events.get(3).getLong("flops"), "one per element, as the op table has it");
  }

  @Test
  void errorsOfTheBackendComeThroughAsTheyAre() {
    try (Backend backend =
        TracedBackend.around(Backends.open("reference", BackendOptions.DEFAULT).backend())) {
      assertThrows(NegativeArraySizeException.class, () -> backend.allocate(DType.F64, -1));
    }
  }
}
