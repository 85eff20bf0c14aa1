package dev.anechoic.rl.report;

import dev.anechoic.rl.runfolder.Manifest;
import dev.anechoic.rl.runfolder.RunFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The runs that one report compares.
 *
 * @param title name of the study
 * @param runs at least one run
 * @param waiting names of runs that have no RL step yet
 * @param colours colours of all their formats
 */
record Study(String title, List<RunData> runs, List<String> waiting, FormatColours colours) {

  /**
   * Reads runs. Those without an RL step are left waiting while another has one.
   *
   * @throws dev.anechoic.model.UserError where a file is damaged, or no run has an RL step
   */
  static Study of(String title, List<RunFolder> folders) {
    List<RunData> runs = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    boolean any = folders.stream().anyMatch(RunData::hasStarted);
    List<String> names = names(folders);
    for (int i = 0; i < names.size(); i++) {
      RunFolder folder = folders.get(i);
      if (any && !RunData.hasStarted(folder)) {
        waiting.add(names.get(i));
      } else {
        runs.add(new RunData(folder, names.get(i)));
      }
    }
    runs.sort(Comparator.comparingLong(Study::parameters)); // stable: else the given order
    Set<String> formats = new LinkedHashSet<>();
    runs.forEach(run -> formats.addAll(run.formats()));
    return new Study(title, runs, waiting, new FormatColours(new ArrayList<>(formats)));
  }

  /** A name for each run: its own, with more of its path before it where several share it. */
  static List<String> names(List<RunFolder> folders) {
    List<String> names = folders.stream().map(RunFolder::name).toList();
    int deepest = folders.stream().mapToInt(Study::depth).max().orElse(0);
    for (int above = 1; above < deepest && Set.copyOf(names).size() < names.size(); above++) {
      List<String> shorter = names;
      List<String> longer = new ArrayList<>();
      for (int i = 0; i < shorter.size(); i++) {
        String name = shorter.get(i);
        boolean shared = shorter.indexOf(name) != shorter.lastIndexOf(name);
        longer.add(shared ? parent(folders.get(i), above) + "/" + name : name);
      }
      names = longer;
    }
    return names;
  }

  private static int depth(RunFolder folder) {
    return folder.path().toAbsolutePath().normalize().getNameCount();
  }

  private static String parent(RunFolder folder, int above) {
    Path path = folder.path().toAbsolutePath().normalize();
    int at = path.getNameCount() - 1 - above;
    return at < 0 ? "" : path.getName(at).toString();
  }

  private static long parameters(RunData run) {
    return run.manifest().map(Manifest::parameters).orElse(0L);
  }

  /** The formats of all runs, those of the mixtures first. */
  List<String> formats() {
    Set<String> formats = new LinkedHashSet<>();
    runs.forEach(run -> formats.addAll(run.realFormats()));
    runs.forEach(run -> formats.addAll(run.formats()));
    return new ArrayList<>(formats);
  }

  List<String> css(List<String> formats) {
    return formats.stream().map(colours::css).toList();
  }

  /** One range over some columns of all runs, so that the charts of a row can be compared. */
  Range range(Function<RunData, List<double[]>> columns, boolean zero) {
    List<double[]> all = new ArrayList<>();
    runs.forEach(run -> all.addAll(columns.apply(run)));
    return Range.covering(all, zero);
  }

  /** The steps of all runs. */
  Range steps() {
    int first = runs.stream().mapToInt(RunData::firstStep).min().orElse(0);
    int last = runs.stream().mapToInt(RunData::lastStep).max().orElse(1);
    return new Range(first, Math.max(last, first + 1));
  }

  /** A format's name in its colour. */
  String coloured(String format) {
    return "<b class=\"name %s\">%s</b>".formatted(colours.css(format), Html.escape(format));
  }
}
