package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.BackendProvider;
import dev.anechoic.tensor.Backends;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DoctorCommandTest {
  private static final StringWriter OUT = new StringWriter();
  private static int exitCode;

  @BeforeAll
  static void run() {
    exitCode = Main.commandLine().setOut(new PrintWriter(OUT)).execute("doctor");
  }

  @Test
  void namesTheRunningJdk() {
    assertTrue(OUT.toString().contains(Runtime.version().toString()), OUT::toString);
  }

  @Test
  void measuresTheVectorWidth() {
    assertTrue(OUT.toString().matches("(?s).*vectors +\\d+ bits, \\d+ floats.*"), OUT::toString);
  }

  @Test
  void namesEveryBackendWithAVerdict() {
    for (BackendProvider provider : Backends.providers()) {
      String why = provider.unavailableBecause();
      String expected = why == null ? "" : "cannot run: " + why;
      assertTrue(
          OUT.toString()
              .lines()
              .anyMatch(
                  line -> line.strip().startsWith(provider.name()) && line.contains(expected)),
          provider.name());
    }
  }

  @Test
  void succeedsExactlyWhenABackendIsTaken() {
    boolean available =
        Backends.providers().stream()
            .anyMatch(p -> p.priority() >= 0 && p.unavailableBecause() == null);
    assertEquals(available ? 0 : 1, exitCode);
  }
}
