package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.ParameterLayout;
import java.util.ArrayList;
import java.util.List;

/** The layers to which a transformer's parameters belong: {@code embed}, {@code layers.0}, ... */
final class Layers {
  static final String EMBED = "embed";
  static final String HEAD = "head";

  private Layers() {}

  /** The name of block i. */
  static String block(int i) {
    return "layers." + i;
  }

  /** The layer of a parameter. */
  static String of(String parameter) {
    if (parameter.startsWith("layers.")) {
      return parameter.substring(0, parameter.indexOf('.', "layers.".length()));
    }
    return parameter.startsWith(EMBED) ? EMBED : HEAD;
  }

  /** All layers, in model order. */
  static List<String> of(ParameterLayout layout) {
    List<String> layers = new ArrayList<>(List.of(EMBED));
    layout.entries().stream()
        .map(entry -> of(entry.name()))
        .filter(name -> !name.equals(EMBED) && !name.equals(HEAD))
        .distinct()
        .forEach(layers::add);
    if (layout.entries().stream().anyMatch(entry -> of(entry.name()).equals(HEAD))) {
      layers.add(HEAD);
    }
    return layers;
  }
}
