package dev.anechoic.tensor.spec;

import dev.anechoic.tensor.Backend;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** A backend that passes every call through a function of the test. */
final class Spy {
  private Spy() {}

  @FunctionalInterface
  interface Interceptor {
    Object call(Backend backend, Method method, Object[] arguments)
        throws InvocationTargetException, IllegalAccessException;
  }

  static Backend on(Backend backend, Interceptor interceptor) {
    return (Backend)
        Proxy.newProxyInstance(
            Spy.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) -> {
              try {
                return interceptor.call(backend, method, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
