package dev.anechoic.tensor.profile;

import dev.anechoic.tensor.Backend;
import dev.anechoic.tensor.Kernels;
import dev.anechoic.tensor.trace.OpEvent;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * A backend that records every kernel call as an {@link OpEvent}, with shapes, FLOPs and bytes.
 *
 * <p>It is put around a backend only where a recording runs when the backend is opened; otherwise
 * the backend itself is used, and tracing costs nothing. On a device an event covers the launch,
 * not the kernel.
 */
public final class TracedBackend implements InvocationHandler {
  private static final @Nullable Object[] NO_ARGUMENTS = {};

  private final Backend backend;
  private final KernelCost cost = new KernelCost();
  private @Nullable List<Backend> perThread;

  private TracedBackend(Backend backend) {
    this.backend = backend;
  }

  /** The backend, recorded where a Flight Recorder recording runs now. */
  public static Backend ifRecording(Backend backend) {
    return FlightRecorder.isInitialized() ? around(backend) : backend;
  }

  /** The backend, recorded. */
  static Backend around(Backend backend) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            new TracedBackend(backend));
  }

  /** The backends of the threads, recorded too, and the same ones each time. */
  private synchronized List<Backend> perThread(Backend proxy) {
    List<Backend> threads = perThread;
    if (threads == null) {
      threads =
          backend.perThread().stream()
              .map(thread -> thread == backend ? proxy : around(thread))
              .toList();
      perThread = threads;
    }
    return threads;
  }

  @Override
  public @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
    if (method.getName().equals("perThread")) {
      return perThread((Backend) proxy);
    }
    OpEvent event = method.getDeclaringClass() == Kernels.class ? OpEvent.start() : null;
    try {
      return method.invoke(backend, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() != null ? e.getCause() : e;
    } finally {
      if (event != null) {
        @Nullable Object[] args = arguments == null ? NO_ARGUMENTS : arguments;
        String kernel = method.getName();
        event.finish(
            kernel, KernelCost.shapes(args), cost.flops(kernel, args), cost.bytes(kernel, args));
      }
    }
  }
}
