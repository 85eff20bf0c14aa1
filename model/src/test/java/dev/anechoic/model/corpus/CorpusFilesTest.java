package dev.anechoic.model.corpus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.config.Config;
import dev.anechoic.model.io.Hashing;
import dev.anechoic.model.io.Json;
import dev.anechoic.model.io.JsonLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CorpusFilesTest {

  private static final List<String> FORMATS = List.of("code", "tool", "text");

  @TempDir Path folder;

  private CorpusManifest write(String name) throws IOException {
    Path target = Files.createDirectory(folder.resolve(name));
    CorpusConfig config =
        Config.parse(
            CorpusConfig.class, "block_size = 10000\nblocks = 3\nevaluation = 50\n", "test");
    return CorpusWriter.write(
        target, config, config.mixture(MixtureTest::countTokens), config.generated());
  }

  @Test
  void theManifestNamesTheDataToTheToken() throws IOException {
    CorpusManifest manifest = write("a");
    Path corpus = folder.resolve("a").resolve(CorpusWriter.CORPUS);
    List<Document> documents = DocumentReader.read(corpus, FORMATS);
    assertEquals(30_000, manifest.tokens());
    assertEquals(documents.size(), manifest.documents());
    for (String format : FORMATS) {
      long tokens =
          documents.stream()
              .filter(d -> d.format().equals(format))
              .mapToLong(d -> MixtureTest.countTokens(d.text()) + 1)
              .sum();
      CorpusManifest.Counts counts = manifest.formats().get(format);
      assertTrue(counts != null && counts.tokens() == tokens, format);
    }
    Json written = Json.read(folder.resolve("a").resolve(CorpusWriter.MANIFEST));
    assertEquals(30_000, written.get("tokens").longValue());
    assertEquals(Hashing.sha256(corpus), written.get("sha256").get(CorpusWriter.CORPUS).string());
  }

  @Test
  void twoWritesGiveTheSameBytes() throws IOException {
    assertEquals(write("a").sha256(), write("b").sha256());
  }

  @Test
  void noEvaluationQuestionIsInTheCorpus() throws IOException {
    write("a");
    Set<String> prompts = new HashSet<>();
    DocumentReader.read(folder.resolve("a").resolve(CorpusWriter.CORPUS), FORMATS)
        .forEach(d -> prompts.add(d.prompt()));
    List<Json> rows = JsonLines.readAll(folder.resolve("a").resolve(CorpusWriter.EVALUATION));
    assertEquals(50, rows.size());
    rows.forEach(row -> assertFalse(prompts.contains(row.get("prompt").string())));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"prompt": "a", "completion": "b", "format": "code"    | Malformed JSON
          {"prompt": "a", "completion": "b"}                     | 'format' is missing
          {"prompt": "a", "completion": "b", "format": "prose"}  | Unknown format 'prose'
          {"prompt": " ", "completion": "b", "format": "code"}   | Empty prompt
          {"prompt": "a", "completion": 5, "format": "code"}     | completion
          {"prompt": "a", "completion": "b", "format": "code", "answer": "x"} | a number
          """)
  void aBadLineIsNamedByItsNumber(String line, String expected) throws IOException {
    Path file = folder.resolve("data.jsonl");
    String good = "{\"prompt\": \"a\", \"completion\": \"b\", \"format\": \"code\"}\n";
    Files.writeString(file, good + "\n" + line + "\n");
    UserError e = assertThrows(UserError.class, () -> DocumentReader.read(file, FORMATS));
    assertTrue(e.getMessage().contains("data.jsonl:3"), e.getMessage());
    assertTrue(e.getMessage().contains(expected), e.getMessage());
  }

  @Test
  void anEmptyFileIsAnError() throws IOException {
    Path file = Files.writeString(folder.resolve("empty.jsonl"), "\n\n");
    assertThrows(UserError.class, () -> DocumentReader.read(file, FORMATS));
    assertThrows(
        UserError.class, () -> DocumentReader.read(folder.resolve("absent.jsonl"), FORMATS));
  }

  @Test
  void aUsersOwnDocumentMayHaveAnAnswer() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("own.jsonl"),
            "{\"prompt\": \"a\", \"completion\": \"b\", \"format\": \"text\", \"answer\": 7.5}");
    Document document = DocumentReader.read(file, FORMATS).getFirst();
    assertTrue(document.answer() != null && document.answer().doubleValue() == 7.5);
    assertEquals("line-1", document.id());
  }
}
