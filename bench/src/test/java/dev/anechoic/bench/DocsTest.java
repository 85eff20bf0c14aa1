package dev.anechoic.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the pages name is there. */
class DocsTest {
  private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(?:#[^)]*)?\\)");
  private static final Pattern SCRIPT =
      Pattern.compile("(?:runs|configs)/[a-z0-9-]+\\.(?:sh|toml)");
  private static final Pattern JAVA = Pattern.compile("`(?:(\\w+)/…/)?([\\w/]*\\w+\\.java)`");
  private static final Pattern COMMAND = Pattern.compile("`bench (\\w+)");

  @Test
  void everyLinkAndEveryScriptOfEveryPageIsThere() throws IOException {
    List<String> missing = new ArrayList<>();
    for (Path page : pages()) {
      String text = Files.readString(page);
      for (String link : all(LINK, text)) {
        missing(page.resolveSibling(link), page, missing);
      }
      for (String script : all(SCRIPT, text)) {
        missing(ROOT.resolve(script), page, missing);
      }
    }
    assertEquals(List.of(), missing);
  }

  private static void missing(Path file, Path page, List<String> missing) {
    if (!Files.exists(file)) {
      missing.add(ROOT.relativize(page) + " names " + file);
    }
  }

  /** Of {@code model/…/sample/Sampler.java} the module and the end of the path must be there. */
  @Test
  void everyFileOfTheReadingListIsThere() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(ROOT)) {
      sources = files.filter(f -> f.toString().endsWith(".java")).map(ROOT::relativize).toList();
    }
    Matcher named = JAVA.matcher(Files.readString(ROOT.resolve("docs/reading.md")));
    int count = 0;
    while (named.find()) {
      count++;
      String module = named.group(1);
      Path end = Path.of(named.group(2));
      assertTrue(
          sources.stream()
              .anyMatch(f -> f.endsWith(end) && (module == null || f.startsWith(module))),
          named.group());
    }
    assertTrue(count > 40, "the page names about fifty files, found " + count);
  }

  @Test
  void readmeNamesEveryBenchmark() throws IOException {
    String readme = Files.readString(ROOT.resolve("README.md"));
    List<String> named = all(COMMAND, readme);
    for (String name : new CommandLine(new BenchCommand()).getSubcommands().keySet()) {
      if (!name.equals("page") && !name.equals("self-test")) { // steps of a script, and the build's
        assertTrue(named.contains(name), name + " is not in " + named);
      }
    }
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> docs = Files.list(ROOT.resolve("docs"))) {
      List<Path> pages = new ArrayList<>(docs.filter(f -> f.toString().endsWith(".md")).toList());
      pages.add(ROOT.resolve("README.md"));
      pages.add(ROOT.resolve("CONTRIBUTING.md"));
      return pages;
    }
  }

  private static List<String> all(Pattern pattern, String text) {
    return pattern.matcher(text).results().map(r -> r.group(1 <= r.groupCount() ? 1 : 0)).toList();
  }
}
