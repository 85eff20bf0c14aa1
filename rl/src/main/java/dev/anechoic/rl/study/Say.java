package dev.anechoic.rl.study;

import java.io.PrintStream;

/** Where a study tells a person how it goes. */
public final class Say {
  private final PrintStream out;

  public Say(PrintStream out) {
    this.out = out;
  }

  /** One line, at once. */
  void line(String text) {
    out.println(text);
    out.flush();
  }

  PrintStream stream() {
    return out;
  }
}
