package dev.anechoic.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.tensor.spec.OpSpec;
import dev.anechoic.tensor.spec.OpTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What holds for the text of all kernels. */
class KernelSourcesTest {
  /** Whole numbers, whose sum, least and largest do not depend on the order. */
  private static final Set<String> COUNTED_ATOMICALLY =
      Set.of("&lastKept", "&chosen", "&best", "count", "problem");

  /** The gradient is the op itself. */
  private static final Set<String> OWN_GRADIENT = Set.of("dropoutBackward");

  /** Sources for the device by path, without comments. */
  private static Map<String, String> sources() {
    Map<String, String> texts = new TreeMap<>();
    KernelSources.all()
        .forEach((name, bytes) -> {
          if (name.matches("(ladder/)?[^/]+\\.cuh?")) {
            String text = new String(bytes, StandardCharsets.UTF_8);
            texts.put(name, text.replaceAll("//[^\n]*", ""));
          }
        });
    return texts;
  }

  /** Where a file first names a kernel, or a part of one, of an op; -1 for nowhere. */
  private static int first(String text, String op) {
    Matcher m = Pattern.compile("\\b" + op + "(?!\\w*Backward)\\w*\\(").matcher(text);
    return m.find() ? m.start() : -1;
  }

  @Test
  void everyOpHasASourceWithForwardAboveBackward() {
    Map<String, String> sources = sources();
    assertTrue(sources.size() > 40, sources.keySet().toString());
    List<String> wrong = new ArrayList<>();
    for (OpSpec spec : OpTable.all()) {
      String op = spec.name();
      if (OWN_GRADIENT.contains(op)) {
        continue;
      }
      String forward = op.replaceAll("Backward$", "");
      boolean found =
          sources.values().stream()
              .anyMatch(text -> {
                int at = first(text, op);
                int above = first(text, forward);
                return at >= 0 && above >= 0 && (op.equals(forward) || above < at);
              });
      if (!found) {
        wrong.add(op);
      }
    }
    assertEquals(List.of(), wrong);
  }

  @Test
  void nothingButWholeNumbersIsAddedAtomically() {
    Set<String> operands = new TreeSet<>();
    Pattern call = Pattern.compile("\\batomic\\w*\\(([^,)]*)");
    Pattern assembly = Pattern.compile("\"[^\"]*\\b(atom|red)\\.[^\"]*");
    sources()
        .forEach((name, text) -> {
          call.matcher(text).results().forEach(m -> operands.add(m.group(1).strip()));
          assertEquals(0, assembly.matcher(text).results().count(), name);
        });
    assertEquals(new TreeSet<>(COUNTED_ATOMICALLY), operands);
  }
}
