package dev.anechoic.tensor.spec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OpsPageTest {
  @Test
  void pageInDocsIsUpToDate() throws IOException {
    Path page = Path.of("..").resolve(OpsPage.FILE);

    assertEquals(
        OpsPage.markdown(),
        Files.readString(page).replace("\r\n", "\n"),
        "docs/ops.md is stale: run dev.anechoic.tensor.spec.OpsPage in the project's root");
  }

  @Test
  void everyOpHasARow() {
    String page = OpsPage.markdown();

    OpTable.all().forEach(spec -> assertTrue(page.contains("| `" + spec.name() + "` |")));
  }
}
