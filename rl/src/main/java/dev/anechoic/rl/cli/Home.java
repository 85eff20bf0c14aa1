package dev.anechoic.rl.cli;

import java.nio.file.Path;

/** Where the project lies; the launcher says so. */
final class Home {
  private Home() {}

  /** The folder of {@code configs/}: the launcher's, or the current one. */
  static Path folder() {
    return Path.of(System.getProperty("anechoic.home", ""));
  }
}
