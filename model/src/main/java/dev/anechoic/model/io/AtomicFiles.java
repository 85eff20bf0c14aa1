package dev.anechoic.model.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** Replaces single files so that a kill at any moment leaves the old content or the new one. */
public final class AtomicFiles {
  /** Ends the names of unfinished files and folders; what is left of them can be deleted. */
  static final String STAGING = ".anechoic-staging";

  private static final boolean WINDOWS = System.getProperty("os.name", "").startsWith("Windows");

  private AtomicFiles() {}

  /**
   * Writes a file under a staging name, forces it to the disk and renames it. Missing folders above
   * are made.
   *
   * @throws dev.anechoic.model.UserError where the disk is full or the path cannot be written
   */
  public static void write(Path file, byte[] content) {
    Path staging = staging(file);
    try {
      Files.createDirectories(staging.toAbsolutePath().getParent());
      try (FileChannel channel =
          FileChannel.open(
              staging,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer buffer = ByteBuffer.wrap(content);
        while (buffer.hasRemaining()) {
          channel.write(buffer);
        }
        channel.force(true);
      }
      move(staging, file);
    } catch (IOException e) {
      deleteQuietly(staging);
      throw FileErrors.writing(file, content.length, e);
    }
  }

  /** Renames a staged file, whose content is on the disk, to its target. */
  static void replace(Path staging, Path file) {
    try {
      move(staging, file);
    } catch (IOException e) {
      throw FileErrors.writing(file, 0, e);
    }
  }

  private static void move(Path staging, Path file) throws IOException {
    Files.move(staging, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(Objects.requireNonNull(file.toAbsolutePath().getParent()));
  }

  /** {@code a/b.json} is staged as {@code a/.b.json.anechoic-staging}: same disk, out of sight. */
  static Path staging(Path target) {
    return target.resolveSibling("." + target.getFileName() + STAGING);
  }

  /** Forces a file's content, or a folder's list of names, to the disk. */
  static void sync(Path path) throws IOException {
    if (WINDOWS && Files.isDirectory(path)) {
      return; // Windows opens no folder; its file system writes names through a journal
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // the error that led here says more; the next write replaces the leftover
    }
  }
}
