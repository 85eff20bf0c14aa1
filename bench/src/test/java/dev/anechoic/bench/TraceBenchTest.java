package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class TraceBenchTest {
  private static final Pattern OFF =
      Pattern.compile("at most (\\d+) checks of [\\d.]+ ns, ([\\d.]+) % of the step");

  private static final Pattern ON =
      Pattern.compile(
          "recorded: -?[\\d.]+ % slower, the median of (\\d+) pairs; half of them lie between"
              + " -?[\\d.]+ and -?[\\d.]+ %; (\\d+) events per step");

  @Test
  void checksOfATrainingStepAreCountedAndTakeLessThanAThousandthOfIt() {
    StringWriter text = new StringWriter();
    int code =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(text))
            .execute("trace", "--work=train", "--threads=2", "--warmup=0.1", "--seconds=0.1");
    assertEquals(0, code);
    Matcher off = OFF.matcher(text.toString());
    assertTrue(off.find(), text::toString);
    // 16 micro-batches of 4 layers, each with several matrix products forward and backward.
    assertTrue(Long.parseLong(off.group(1)) > 16 * 4 * 3, text::toString);
    assertTrue(Double.parseDouble(off.group(2)) < 0.1, text::toString);
    Matcher on = ON.matcher(text.toString());
    assertTrue(on.find(), text::toString);
    assertTrue(Integer.parseInt(on.group(1)) >= 4, text::toString);
    // Ops are recorded besides what is checked while nothing is.
    assertTrue(Long.parseLong(on.group(2)) > Long.parseLong(off.group(1)) / 2, text::toString);
  }

  /** Sampling gives each thread a backend of its own; its ops belong to the hot loop too. */
  @Test
  void opsOfARolloutAreRecordedOnEveryThread() {
    StringWriter text = new StringWriter();
    int code =
        new CommandLine(new BenchCommand())
            .setOut(new PrintWriter(text))
            .execute("trace", "--work=rollout", "--threads=2", "--warmup=0.1", "--seconds=0.1");
    assertEquals(0, code);
    Matcher on = ON.matcher(text.toString());
    assertTrue(on.find(), text::toString);
    // 63 tokens after the first, 4 layers, at least 6 ops in each.
    assertTrue(Long.parseLong(on.group(2)) > 63 * 4 * 6, text::toString);
  }
}
