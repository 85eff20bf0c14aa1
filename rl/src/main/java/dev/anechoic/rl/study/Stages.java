package dev.anechoic.rl.study;

import java.nio.file.Path;
import java.util.List;

/** Runs stages, each unless it is done. One process at a time works in a folder. */
final class Stages {
  private final Say say;

  Stages(Say say) {
    this.say = say;
  }

  /** What a stage does; told whether it was begun before with the same inputs. */
  interface Work {
    /** Returns whether it is complete; false where a stop was asked for. */
    boolean run(boolean begunBefore);
  }

  /**
   * Runs a stage, or skips it.
   *
   * @param folder of its results and its marker
   * @param inputs everything that the results depend on
   */
  Stage run(String name, Path folder, List<String> inputs, Work work) {
    try (FolderLock _ = FolderLock.take(folder, say)) {
      Stage stage = new Stage(name, folder, inputs);
      if (stage.isDone()) {
        say.line("%-8s unchanged, skipped".formatted(name));
        return stage;
      }
      boolean begunBefore = stage.wasBegun();
      stage.begin();
      long since = System.nanoTime();
      if (work.run(begunBefore)) {
        double seconds = (System.nanoTime() - since) * 1e-9;
        stage.done(seconds);
        say.line("%-8s done in %.1f s".formatted(name, seconds));
      }
      return stage;
    }
  }
}
