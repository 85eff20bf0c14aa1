package dev.anechoic.model.testing;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Recording;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** A backend that is asked to replay recorded work, or not to, whatever it does by itself. */
public final class Replays {
  private Replays() {}

  /** The backend with every piece of work run as plain Java. */
  public static Backend never(Backend backend) {
    return proxy(backend, false);
  }

  /** The backend with {@link Backend#replays} on, so that its callers arrange for replays. */
  public static Backend always(Backend backend) {
    return proxy(backend, true);
  }

  private static Backend proxy(Backend backend, boolean replays) {
    return (Backend)
        Proxy.newProxyInstance(
            Replays.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("replays")) {
                return replays;
              }
              if (method.getName().equals("record") && !replays) {
                return new Recording.Plain((Runnable) arguments[0]);
              }
              try {
                return method.invoke(backend, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
