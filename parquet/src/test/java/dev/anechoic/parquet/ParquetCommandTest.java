package dev.anechoic.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anechoic.model.UserError;
import dev.anechoic.model.corpus.Document;
import dev.anechoic.model.corpus.DocumentReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import picocli.CommandLine;

class ParquetCommandTest {
  private static final List<String> COLUMNS = List.of("question", "completion", "format");
  private static final String[][] ROWS = {
    {"How many?", "It is 3.\n\\boxed{3}", "text"}, {"Wie viele Äpfel?", "4", "code"},
  };

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(TinyParquet.Codec.class)
  void rowsBecomeACorpus(TinyParquet.Codec codec) throws IOException {
    Path file = folder.resolve("data.parquet");
    TinyParquet.write(file, codec, COLUMNS, ROWS);
    Path out = folder.resolve("data.jsonl");
    int code =
        new CommandLine(new ParquetCommand())
            .setOut(new PrintWriter(new StringWriter()))
            .execute(file.toString(), "--out", out.toString(), "--rename", "question=prompt");
    assertEquals(0, code);
    List<Document> documents = DocumentReader.read(out, List.of("code", "tool", "text"));
    assertEquals(2, documents.size());
    for (int i = 0; i < ROWS.length; i++) {
      assertEquals(ROWS[i][0], documents.get(i).prompt());
      assertEquals(ROWS[i][1], documents.get(i).completion());
      assertEquals(ROWS[i][2], documents.get(i).format());
    }
  }

  @Test
  void whatIsNoParquetFileIsOneClearError() throws IOException {
    Path file = Files.writeString(folder.resolve("rows.jsonl"), "{}\n");
    UserError error = assertThrows(UserError.class, () -> ParquetRows.open(file, Map.of()));
    assertTrue(error.getMessage().contains("no Parquet file"), error::getMessage);
    Path missing = folder.resolve("none.parquet");
    assertThrows(UserError.class, () -> ParquetRows.open(missing, Map.of()));
  }

  @Test
  void fileThatIsCutOffIsOneClearError() throws IOException {
    Path file = folder.resolve("data.parquet");
    TinyParquet.write(file, TinyParquet.Codec.SNAPPY, COLUMNS, ROWS);
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 20));
    assertThrows(UserError.class, () -> ParquetRows.open(file, Map.of()));
  }

  @Test
  void columnThatIsNotThereIsNamedWithTheOthers() throws IOException {
    Path file = folder.resolve("data.parquet");
    TinyParquet.write(file, TinyParquet.Codec.ZSTD, COLUMNS, ROWS);
    UserError error =
        assertThrows(UserError.class, () -> ParquetRows.open(file, Map.of("text", "prompt")));
    assertTrue(error.getMessage().contains("question, completion, format"), error::getMessage);
  }
}
