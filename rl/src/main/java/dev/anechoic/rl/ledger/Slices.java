package dev.anechoic.rl.ledger;

import dev.anechoic.model.transformer.ParameterLayout;
import dev.anechoic.tensor.Tensor;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * Views of flat tensors by parameter, each made once: a view lives as long as its arena, so one per
 * update would never be given back.
 */
final class Slices {
  private final Map<Tensor, Map<String, Tensor>> views = new IdentityHashMap<>();

  Tensor of(Tensor flat, ParameterLayout.Entry entry) {
    return views
        .computeIfAbsent(flat, t -> new HashMap<>())
        .computeIfAbsent(entry.name(), n -> flat.view(entry.from(), entry.shape()));
  }

  double[] read(Tensor flat, ParameterLayout.Entry entry) {
    return of(flat, entry).toDoubles();
  }

  void write(Tensor flat, ParameterLayout.Entry entry, double[] values) {
    flat.arena().backend().write(of(flat, entry), values, 0);
  }
}
