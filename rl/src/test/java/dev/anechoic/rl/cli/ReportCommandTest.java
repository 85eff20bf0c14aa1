package dev.anechoic.rl.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class ReportCommandTest {
  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @Test
  void writesThePageAndPrintsFiveLinesPerRun() throws IOException {
    Files.writeString(
        folder.resolve("metrics.jsonl"),
        "{\"step\":0,\"reward\":0.5,\"format/code/share\":1,\"format/code/reward\":0.5}\n");
    assertEquals(0, run("report", folder.toString()), err.toString());
    assertTrue(Files.readString(folder.resolve("report.html")).startsWith("<!doctype html>"));
    assertEquals(6, out.toString().lines().count(), out.toString());

    Path page = folder.resolve("sub").resolve("page.html");
    assertEquals(0, run("report", folder.toString(), "--out", page.toString(), "--title", "T"));
    assertTrue(Files.readString(page).contains("<title>T</title>"));
  }

  @Test
  void mistakesAreOneMessageWithoutAStackTrace() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty"));
    Path damaged = Files.createDirectory(folder.resolve("damaged"));
    Files.writeString(damaged.resolve("metrics.jsonl"), "{\"step\":0}\n{]\n");
    for (Path mistake : new Path[] {folder.resolve("missing"), empty, damaged}) {
      err.getBuffer().setLength(0);
      assertEquals(Main.EXIT_USER, run("report", mistake.toString()));
      assertTrue(err.toString().contains(mistake.getFileName().toString()), err.toString());
      assertTrue(err.toString().contains("remedy:"), err.toString());
      assertFalse(err.toString().contains("\tat "), err.toString());
    }
    assertEquals(Main.EXIT_USER, run("trace", folder.resolve("missing.jfr").toString()));
    assertEquals(Main.EXIT_USER, run("watch", folder.toString(), "--port", "70000"));
  }

  private int run(String... arguments) {
    CommandLine commandLine = Main.commandLine();
    commandLine.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    return commandLine.execute(arguments);
  }
}
