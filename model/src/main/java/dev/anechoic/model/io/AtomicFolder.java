package dev.anechoic.model.io;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A folder that appears whole or not at all, such as a checkpoint. Files are written below {@link
 * #path}; {@link #commit} forces them to the disk and renames the folder; closing without commit
 * throws it away.
 *
 * <p>A kill at any moment leaves the old folder or the new one. Where an old folder is replaced, it
 * steps aside for an instant under the name {@code .NAME.anechoic-old}; {@link #recover}, which
 * every start calls, puts it back if the new one did not make it, and deletes what was left
 * unfinished. One process writes to one target at a time.
 */
public final class AtomicFolder implements Closeable {
  private static final String OLD = ".anechoic-old";

  private final Path target;
  private final Path staging;
  private final long bytesNeeded;
  private boolean committed;

  private AtomicFolder(Path target, long bytesNeeded) {
    this.target = target;
    this.staging = AtomicFiles.staging(target);
    this.bytesNeeded = bytesNeeded;
  }

  /**
   * Begins a folder.
   *
   * @param bytesNeeded about how much will be written, or 0 where that is not known
   * @throws dev.anechoic.model.UserError where the disk has not that much room
   */
  public static AtomicFolder begin(Path target, long bytesNeeded) {
    AtomicFolder folder = new AtomicFolder(target.toAbsolutePath().normalize(), bytesNeeded);
    try {
      Files.createDirectories(folder.parent());
      recoverTarget(folder.target);
      FileErrors.requireSpace(target, bytesNeeded);
      Files.createDirectory(folder.staging);
    } catch (IOException e) {
      throw FileErrors.writing(target, bytesNeeded, e);
    }
    return folder;
  }

  /** Where the files of the folder are written until it is committed. */
  public Path path() {
    return staging;
  }

  /** Makes the folder appear under its name, in the place of an older one of that name. */
  public void commit() {
    Path old = old(target);
    try {
      syncAll(staging);
      if (Files.exists(target)) {
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(staging, target, StandardCopyOption.ATOMIC_MOVE);
      committed = true;
      AtomicFiles.sync(parent());
      deleteAll(old);
    } catch (IOException e) {
      throw FileErrors.writing(target, bytesNeeded, e);
    }
  }

  /** Deletes the unfinished folder, if it was not committed. */
  @Override
  public void close() {
    if (committed) {
      return;
    }
    try {
      recoverTarget(target);
    } catch (IOException e) {
      throw FileErrors.writing(target, bytesNeeded, e);
    }
  }

  /**
   * Sweeps up in {@code parent} after a kill: deletes unfinished files and folders, and puts a
   * folder back that was being replaced. To be called before anything is written there.
   */
  public static void recover(Path parent) {
    if (!Files.isDirectory(parent)) {
      return;
    }
    try (Stream<Path> children = Files.list(parent)) {
      for (Path child : children.sorted().toList()) {
        String name = child.getFileName().toString();
        for (String suffix : List.of(AtomicFiles.STAGING, OLD)) {
          if (name.startsWith(".") && name.endsWith(suffix)) {
            recoverTarget(parent.resolve(name.substring(1, name.length() - suffix.length())));
          }
        }
      }
    } catch (IOException e) {
      throw FileErrors.writing(parent, 0, e);
    }
  }

  private static void recoverTarget(Path target) throws IOException {
    deleteAll(AtomicFiles.staging(target));
    Path old = old(target);
    if (Files.exists(target)) {
      deleteAll(old);
    } else if (Files.exists(old)) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  private static Path old(Path target) {
    return target.resolveSibling("." + target.getFileName() + OLD);
  }

  private Path parent() {
    return Objects.requireNonNull(target.getParent(), "the root is no target");
  }

  /** Files first, then the folders that name them, from the inside out. */
  private static void syncAll(Path folder) throws IOException {
    for (Path path : insideOut(folder)) {
      AtomicFiles.sync(path);
    }
  }

  private static void deleteAll(Path root) throws IOException {
    if (Files.exists(root)) {
      for (Path path : insideOut(root)) {
        Files.delete(path);
      }
    }
  }

  private static List<Path> insideOut(Path root) throws IOException {
    try (Stream<Path> paths = Files.walk(root)) {
      return paths.sorted(Comparator.reverseOrder()).toList();
    }
  }
}
