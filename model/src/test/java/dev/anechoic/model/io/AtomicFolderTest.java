package dev.anechoic.model.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
  @TempDir Path parent;

  @Test
  void folderAppearsOnCommitAndReplacesTheOldOne() throws IOException {
    Path target = parent.resolve("checkpoint");
    for (String content : List.of("first", "second")) {
      try (AtomicFolder folder = AtomicFolder.begin(target, 100)) {
        Files.createDirectory(folder.path().resolve("sub"));
        Files.writeString(folder.path().resolve("sub/" + content), content);
        assertEquals(content.equals("second"), Files.exists(target));
        folder.commit();
      }
    }
    assertEquals("second", Files.readString(target.resolve("sub/second")));
    assertFalse(Files.exists(target.resolve("sub/first")));
    assertEquals(List.of("checkpoint"), names());
  }

  @Test
  void closeWithoutCommitLeavesNothing() throws IOException {
    try (AtomicFolder folder = AtomicFolder.begin(parent.resolve("checkpoint"), 0)) {
      Files.writeString(folder.path().resolve("file"), "half");
    }
    assertEquals(List.of(), names());
  }

  /** The states on the disk that a kill can leave, one after each step of a replacement. */
  @Test
  void everyKillLeavesTheOldFolderOrTheNew() throws IOException {
    Path target = parent.resolve("c");
    Path old = parent.resolve(".c.anechoic-old");
    Path staging = parent.resolve(".c.anechoic-staging");

    folder(target, "old"); // killed while staging was written
    folder(staging, "new");
    assertRecovered("old");

    Files.move(target, old); // killed after the old folder stepped aside
    folder(staging, "new");
    assertRecovered("old");

    Files.move(target, old); // killed after the new folder took the name
    folder(target, "new");
    assertRecovered("new");
  }

  @Test
  void recoverLeavesOtherFilesAlone() throws IOException {
    Files.writeString(parent.resolve(".hidden"), "x");
    Files.writeString(parent.resolve("a.anechoic-staging"), "x");
    AtomicFolder.recover(parent);
    AtomicFolder.recover(parent.resolve("absent"));
    assertEquals(List.of(".hidden", "a.anechoic-staging"), names());
  }

  @Test
  void missingRoomIsToldBeforeAnythingIsWritten() throws IOException {
    JsonTest.assertMessage(
        () -> AtomicFolder.begin(parent.resolve("c"), Long.MAX_VALUE),
        "not enough room",
        parent.resolve("c").toString(),
        Long.MAX_VALUE + " bytes");
    assertEquals(List.of(), names());
  }

  @Test
  void filesAreReplacedWhole() throws IOException {
    Path file = parent.resolve("a/b");
    AtomicFiles.write(file, new byte[100]);
    AtomicFiles.write(file, new byte[] {1});
    assertEquals(1, Files.size(file));
    Path below = file.resolve("below");
    JsonTest.assertMessage(() -> AtomicFiles.write(below, new byte[1]), below.toString());
  }

  @Test
  void hashesAreThoseOfTheStandard() throws IOException {
    String abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; // FIPS 180-2
    assertEquals(abc, Hashing.sha256("abc".getBytes()));
    assertEquals(abc, Hashing.sha256(Files.writeString(parent.resolve("abc"), "abc")));
  }

  private void assertRecovered(String expected) throws IOException {
    AtomicFolder.recover(parent);
    assertEquals(List.of("c"), names());
    assertTrue(Files.exists(parent.resolve("c").resolve(expected)));
  }

  private static void folder(Path folder, String file) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(file), file);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> children = Files.list(parent)) {
      return children.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }
}
