package dev.anechoic.rl.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page in a real browser: scripts run without an error, and nothing is cut off on a phone. */
final class ReportInChromiumTest {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  private static final int PHONE = 375;

  /** Runs after the page's own script and writes what it finds into the page. */
  private static final String PROBE =
      """
      <script>
      const found = [];
      document.querySelectorAll('#samples details').forEach((d, i) => { if (i < 3) d.open = true; });
      document.getElementById('theme').click();
      const svg = document.querySelector('svg[data-hover]');
      const box = svg.getBoundingClientRect();
      svg.dispatchEvent(new PointerEvent('pointermove',
        { bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + 20 }));
      addEventListener('load', () => setTimeout(() => {
        found.push('width=' + document.documentElement.scrollWidth);
        found.push('theme=' + document.documentElement.dataset.theme);
        found.push('tip=' + document.querySelectorAll('#tip td').length);
        found.push('samples=' + document.querySelectorAll('#samples > li').length);
        found.push('tokens=' + document.querySelectorAll('#samples .tokens').length);
        found.push('errors=' + errors.length + ' ' + errors.join(';'));
        parent.postMessage(found.join('|'), '*');
      }, 50));
      </script></body>\
      """;

  private static final String ERRORS =
      "<script>var errors = []; addEventListener('error', e => errors.push(e.message));"
          + "addEventListener('securitypolicyviolation', e => errors.push(e.blockedURI));</script>";

  private static String chromium = "";

  @TempDir Path folder;

  @BeforeAll
  static void findChromium() {
    String path = String.valueOf(System.getenv("PATH"));
    chromium =
        Stream.of(path.split(java.io.File.pathSeparator))
            .flatMap(dir -> NAMES.stream().map(name -> Path.of(dir, name)))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse("");
    if (chromium.isEmpty()) {
      String reason = "skipped: no Chromium on the PATH; the page's structure is tested without it";
      System.out.println("ReportInChromiumTest " + reason);
      abort(reason);
    }
  }

  @Test
  void onAPhoneNothingOverflowsAndNoScriptFails() throws Exception {
    String found = probe(PHONE);
    assertEquals(PHONE, Integer.parseInt(value(found, "width")), found);
    check(found);
  }

  @Test
  void onADesktopScriptsWork() throws Exception {
    check(probe(1280));
  }

  private static void check(String found) {
    assertEquals("0 ", value(found, "errors"), found);
    assertTrue(Integer.parseInt(value(found, "tip")) >= 6, found);
    assertEquals("25", value(found, "samples"), found);
    assertEquals("3", value(found, "tokens"), found);
    assertEquals("dark", value(found, "theme"), found);
  }

  /** The page in a frame of some width, which a headless window cannot have below 500 pixels. */
  private String probe(int width) throws IOException, InterruptedException {
    Path study = SyntheticRun.study(folder.resolve("study"));
    String page = Report.of("Study", List.of(study)).html();
    Files.writeString(
        folder.resolve("page.html"),
        page.replaceFirst("<title>", ERRORS + "<title>").replace("</body>", PROBE));
    Files.writeString(
        folder.resolve("frame.html"),
        """
        <!doctype html><body><iframe src="page.html" style="width:%dpx;height:900px;border:0">
        </iframe><pre id="found"></pre><script>
        addEventListener('message', e => { document.getElementById('found').textContent = e.data; });
        </script></body>
        """
            .formatted(width));
    String dom = dump(folder.resolve("frame.html"));
    int start = dom.indexOf("id=\"found\">") + "id=\"found\">".length();
    return dom.substring(start, dom.indexOf("</pre>", start));
  }

  private String dump(Path page) throws IOException, InterruptedException {
    Path out = folder.resolve("dom.html");
    List<String> command =
        new ArrayList<>(
            List.of(
                chromium,
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + folder.resolve("profile"),
                "--window-size=1400,1000",
                "--virtual-time-budget=5000",
                "--dump-dom",
                page.toUri().toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
    return Files.readString(out);
  }

  private static String value(String found, String name) {
    for (String part : found.split("\\|")) {
      if (part.startsWith(name + "=")) {
        return part.substring(name.length() + 1);
      }
    }
    return "absent in: " + found;
  }
}
