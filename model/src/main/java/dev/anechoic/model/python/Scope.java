package dev.anechoic.model.python;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Names of the module or of one call, and the scope that encloses it. */
final class Scope {

  private final Map<String, Object> values = new HashMap<>();
  private final Set<String> locals;
  private final @Nullable Scope enclosing;

  Scope(Set<String> locals, @Nullable Scope enclosing) {
    this.locals = locals;
    this.enclosing = enclosing;
  }

  Object read(String name) {
    Scope scope = this;
    while (scope != null) {
      Object value = scope.values.get(name);
      if (value != null) {
        return value;
      }
      if (scope.locals.contains(name)) {
        throw scope == this
            ? Stop.raise("UnboundLocalError", "cannot access local variable '" + name + "'")
            : Stop.raise("NameError", "cannot access free variable '" + name + "'");
      }
      scope = scope.enclosing;
    }
    Builtin builtin = Builtin.of(name);
    if (builtin == null) {
      throw Stop.raise("NameError", "name '" + name + "' is not defined");
    }
    return builtin;
  }

  /** Reads a name that is about to be assigned here, and so is never taken from outside. */
  Object readLocal(String name) {
    Object value = values.get(name);
    if (value == null) {
      throw enclosing == null
          ? Stop.raise("NameError", "name '" + name + "' is not defined")
          : Stop.raise("UnboundLocalError", "cannot access local variable '" + name + "'");
    }
    return value;
  }

  void write(String name, Object value) {
    values.put(name, value);
  }

  @Nullable Object get(String name) {
    return values.get(name);
  }
}
