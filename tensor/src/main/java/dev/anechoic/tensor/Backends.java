package dev.anechoic.tensor;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Finds backends by name, or takes the best one and says why not the others. */
public final class Backends {
  /**
   * A backend and how it was chosen.
   *
   * @param backend the open backend
   * @param reason one line: the choice, and why each better one was not taken
   */
  public record Choice(Backend backend, String reason) {}

  private Backends() {}

  /** All known providers, best first. */
  public static List<BackendProvider> providers() {
    List<BackendProvider> found = new ArrayList<>();
    ServiceLoader.load(BackendProvider.class).forEach(found::add);
    found.sort(
        Comparator.comparingInt(BackendProvider::priority)
            .reversed()
            .thenComparing(BackendProvider::name));
    return found;
  }

  /**
   * Opens the backend of this name; {@code auto} takes the best that is available.
   *
   * @throws TensorException of kind BACKEND where the name is unknown or it cannot run here
   */
  public static Choice open(String name, BackendOptions options) {
    List<BackendProvider> providers = providers();
    return name.equals("auto") ? best(providers, options) : named(name, providers, options);
  }

  private static Choice best(List<BackendProvider> providers, BackendOptions options) {
    List<String> passedOver = new ArrayList<>();
    for (BackendProvider provider : providers) {
      if (provider.priority() < 0) {
        break;
      }
      String why = provider.unavailableBecause();
      if (why == null) {
        try {
          Backend backend = provider.open(options);
          String others = passedOver.isEmpty() ? "" : "; " + String.join("; ", passedOver);
          return new Choice(backend, "backend " + backend.description() + others);
        } catch (TensorException e) {
          why = e.getMessage(); // a device that is there but too old, or full
        }
      }
      passedOver.add("not " + provider.name() + ": " + why);
    }
    throw new TensorException(
        TensorException.Kind.BACKEND,
        "backend auto",
        passedOver.isEmpty()
            ? "no backend is on the class path; add the kernels module"
            : String.join("; ", passedOver));
  }

  private static Choice named(
      String name, List<BackendProvider> providers, BackendOptions options) {
    for (BackendProvider provider : providers) {
      if (provider.name().equals(name)) {
        String why = provider.unavailableBecause();
        if (why != null) {
          throw new TensorException(TensorException.Kind.BACKEND, "backend " + name, why);
        }
        Backend backend = provider.open(options);
        return new Choice(backend, "backend " + backend.description() + " (asked for)");
      }
    }
    String known = providers.stream().map(BackendProvider::name).collect(Collectors.joining(", "));
    throw new TensorException(
        TensorException.Kind.BACKEND, "backend " + name, "unknown; known are auto, " + known);
  }
}
