package dev.anechoic.model.io;

import dev.anechoic.model.UserError;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Says in a user's words why a file could not be read or written. */
public final class FileErrors {
  /** How the operating systems word a full disk; Java has no exception of its own for it. */
  private static final List<String> FULL =
      List.of("no space left", "not enough space", "quota exceeded", "disk full");

  private FileErrors() {}

  /** The error for a file that could not be read. */
  public static UserError reading(Path path, IOException cause) {
    var error =
        UserError.what("The file cannot be read: " + reason(cause)).where(path).cause(cause);
    return error.remedy(
        switch (cause) {
          case NoSuchFileException _ ->
              "Check the path; a relative one starts at " + Path.of("").toAbsolutePath() + ".";
          case AccessDeniedException _ -> "Grant read access to it.";
          case CharacterCodingException _ -> "Convert it to UTF-8.";
          default -> "Check that it is a readable file.";
        });
  }

  /**
   * The error for a file or folder that could not be written.
   *
   * @param bytesNeeded how much was to be written, or 0 where that is not known
   */
  public static UserError writing(Path path, long bytesNeeded, IOException cause) {
    var error = UserError.what("The file cannot be written: " + reason(cause)).where(path);
    error.cause(cause);
    if (isDiskFull(cause)) {
      return full(error, path, bytesNeeded);
    }
    return error.remedy(
        switch (cause) {
          case AccessDeniedException _ -> "Grant write access to it, or choose another path.";
          case NoSuchFileException _ -> "Make its folder first, or choose another path.";
          case NotDirectoryException _ -> "Choose a path whose parents are folders.";
          default -> "Check the path and the disk.";
        });
  }

  /** Fails before a byte is written where the disk has not room for {@code bytesNeeded}. */
  public static void requireSpace(Path path, long bytesNeeded) {
    long free = freeBytes(path);
    if (free >= 0 && free < bytesNeeded) {
      throw full(UserError.what("The disk has not enough room").where(path), path, bytesNeeded);
    }
  }

  private static UserError full(UserError.Builder error, Path path, long bytesNeeded) {
    if (bytesNeeded > 0) {
      error.expected(bytesNeeded + " bytes of free space");
    }
    long free = freeBytes(path);
    if (free >= 0) {
      error.got(free + " bytes free");
    }
    return error.remedy("Free some space or choose a path on another disk.");
  }

  private static boolean isDiskFull(IOException cause) {
    String message = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    return FULL.stream().anyMatch(message::contains);
  }

  private static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "there is none";
      case AccessDeniedException _ -> "access is denied";
      case CharacterCodingException _ -> "it is not UTF-8";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }

  /** Free bytes on the disk of the nearest existing folder above; -1 where nobody can tell. */
  private static long freeBytes(Path path) {
    Path folder = path.toAbsolutePath();
    while (folder != null && !Files.isDirectory(folder)) {
      folder = folder.getParent();
    }
    try {
      return folder == null ? -1 : Files.getFileStore(folder).getUsableSpace();
    } catch (IOException e) {
      return -1;
    }
  }
}
