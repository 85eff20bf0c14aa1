package dev.anechoic.rl.study;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A grid of studies: every combination of some settings. */
@Doc("a grid of studies")
public record SweepConfig(
    @Doc("TOML file of the study that every cell starts from, relative to this file") String study,
    @Doc("settings of every cell, each as for --set") @Default("[]") List<String> set,
    @Doc("key of the study = its values, as text; the last key varies fastest")
        Map<String, List<String>> grid,
    @Doc("\"key=value\" of the grid = settings of the cells that have it, each as for --set")
        Map<String, List<String>> when) {

  public SweepConfig {
    grid.forEach((key, values) -> {
      if (values.isEmpty()) {
        throw new IllegalArgumentException("grid key '" + key + "' has no values");
      }
    });
    when.keySet()
        .forEach(condition -> {
          int equals = condition.indexOf('=');
          List<String> values =
              grid.getOrDefault(condition.substring(0, Math.max(equals, 0)), List.of());
          if (!values.contains(condition.substring(equals + 1))) {
            throw new IllegalArgumentException(
                "[when] '" + condition + "' is no setting of the grid");
          }
        });
  }

  /** Number of cells. */
  public int cells() {
    return grid.values().stream().mapToInt(List::size).reduce(1, Math::multiplyExact);
  }

  /**
   * The settings of a cell, as for {@code --set}: those of every cell, then its own, then those
   * that its own bring along.
   */
  public List<String> overrides(int cell) {
    List<String> overrides = new ArrayList<>(set);
    overrides.addAll(own(cell));
    own(cell).forEach(own -> overrides.addAll(when.getOrDefault(own, List.of())));
    return overrides;
  }

  /** What is particular to a cell, such as {@code kl.coef=0.1}. */
  public List<String> own(int cell) {
    List<String> own = new ArrayList<>();
    int rest = cell;
    int below = cells();
    for (Map.Entry<String, List<String>> entry : grid.entrySet()) {
      below /= entry.getValue().size();
      own.add(entry.getKey() + "=" + entry.getValue().get(rest / below));
      rest %= below;
    }
    return own;
  }

  /** What the cells of one setting have in common: all that is particular but the seed. */
  public String setting(int cell) {
    return own(cell).stream()
        .filter(own -> !own.startsWith("seed="))
        .collect(Collectors.joining(", "));
  }

  /** Folder name of a cell: its number and what is particular to it. */
  public String name(int cell) {
    String settings = String.join(",", own(cell)).replaceAll("[^A-Za-z0-9=.,_-]", "_");
    return "%03d,%s".formatted(cell, settings);
  }
}
