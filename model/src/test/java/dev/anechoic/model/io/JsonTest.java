package dev.anechoic.model.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonTest {
  @TempDir Path folder;

  @Test
  void prettyTextHasTwoSpacesAndOneItemPerLine() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("name", "a\"é\n");
    value.put("list", List.of(1, 2.5));
    value.put("none", List.of());
    value.put("inner", Map.of());
    value.put("nothing", null);
    assertEquals(
        """
        {
          "name": "a\\"é\\n",
          "list": [
            1,
            2.5
          ],
          "none": [],
          "inner": {},
          "nothing": null
        }\
        """,
        Json.pretty(value));
  }

  @Test
  void numbersKeepEveryDigit() {
    double third = 1 / 3.0;
    float tenth = 0.1f;
    String text =
        Json.compact(Arrays.asList(third, tenth, Long.MIN_VALUE, new float[] {-1e-7f}, Double.NaN));
    assertEquals("[0.3333333333333333,0.1,-9223372036854775808,[-1.0E-7],null]", text);
    List<Json> items = Json.parse(text, "text").items();
    assertEquals(third, items.get(0).doubleValue());
    assertEquals(tenth, (float) items.get(1).doubleValue());
    assertEquals(Long.MIN_VALUE, items.get(2).longValue());
    assertNull(items.get(4).value());
    String big = "123456789012345678901234567890";
    assertEquals(new BigInteger(big), Json.parse(big, "text").value());
  }

  @Test
  void writtenFileReadsBackEqual() {
    Path file = folder.resolve("deep/config.json");
    Map<String, Object> value = Map.of("a", List.of(true, "x", 7L), "b", Map.of("c", 0.5));
    Json.write(file, value);
    assertEquals(value, Json.read(file).value());
  }

  @Test
  void errorsNameThePlaceInTheDocument() {
    Json json = Json.parse("{\"model\": {\"type\": 1, \"merges\": [\"a b\", 2]}}", "t.json");
    Json model = json.get("model");
    assertTrue(model.has("type"));
    assertNull(model.find("vocab"));
    assertMessage(() -> model.get("vocab"), "'vocab' is missing", "t.json: model", "type, merges");
    assertMessage(() -> model.get("type").string(), "t.json: model.type", "a string", "1");
    assertMessage(() -> model.get("merges").items().get(1).bool(), "t.json: model.merges[1]");
    assertMessage(() -> model.items(), "an array", "an object of 2 keys");
    assertMessage(() -> Json.parse("4294967296", "n").intValue(), "32 bits");
    assertMessage(() -> Json.parse("1.5", "n").longValue(), "whole number", "1.5");
  }

  @Test
  void byteOrderMarkIsPassedOver() throws IOException {
    Path file =
        Files.writeString(folder.resolve("bom.jsonl"), "\uFEFF{\"a\": 1}\r\n{\"a\": 2}\r\n");
    assertEquals(2, JsonLines.readAll(file).size());
  }

  @Test
  void malformedTextIsOneClearError() {
    assertMessage(() -> Json.parse("{\"a\": 1,\n\"b\": oops}", "t.json"), "t.json:2", "oops");
    assertMessage(() -> Json.parse("{\"a\": 1, \"a\": 2}", "t.json"), "Duplicate");
    assertMessage(() -> Json.parse("{} {}", "t.json"), "text after the value");
    assertMessage(() -> Json.parse("", "t.json"), "the text ends");
    assertMessage(() -> Json.parse("[1,", "t.json"), "Malformed");
    UserError cut = assertThrows(UserError.class, () -> Json.parse("{\"a\": 1", "t.json"));
    assertFalse(cut.getMessage().contains("REDACTED"), cut::getMessage);
    assertMessage(() -> Json.read(folder.resolve("absent.json")), "there is none");
  }

  @Test
  void linesRoundTripAndAppend() {
    Path file = folder.resolve("rows.jsonl");
    try (var out = JsonLines.writer(file)) {
      out.write(Map.of("text", "a\nb\u2028", "ids", new int[] {1, 2}));
      out.write(List.of());
    }
    try (var out = JsonLines.appender(file)) {
      out.write(3);
      out.sync();
    }
    List<Json> rows = JsonLines.readAll(file);
    assertEquals(3, rows.size());
    assertEquals("a\nb\u2028", rows.get(0).get("text").string());
    assertEquals(List.of(1L, 2L), rows.get(0).get("ids").value());
    assertEquals(3L, rows.get(2).value());
  }

  @Test
  void malformedLineIsNamedByNumber() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.jsonl"), "{\"a\": 1}\n\n{\"a\": 2\n");
    try (var rows = JsonLines.reader(file)) {
      assertEquals(1, rows.next().get("a").intValue());
      assertMessage(rows::next, "rows.jsonl:3", "Malformed");
      assertFalse(rows.hasNext());
    }
    Path latin = Files.write(folder.resolve("latin.jsonl"), new byte[] {'"', (byte) 0xE9, '"'});
    assertMessage(() -> JsonLines.readAll(latin), "latin.jsonl:1", "UTF-8");
  }

  @Test
  void fullDiskIsOneClearError() {
    Path full = Path.of("/dev/full");
    boolean present = Files.isWritable(full);
    if (!present) {
      System.out.println("skipped fullDiskIsOneClearError: this system has no /dev/full");
    }
    assumeTrue(present);
    var out = JsonLines.appender(full);
    out.write("row");
    assertMessage(out::flush, "No space left", "/dev/full", "Free some space");
  }

  static void assertMessage(org.junit.jupiter.api.function.Executable action, String... parts) {
    UserError error = assertThrows(UserError.class, action);
    for (String part : parts) {
      assertTrue(error.getMessage().contains(part), () -> part + " not in " + error.getMessage());
    }
  }
}
