package dev.anechoic.model.python;

import java.util.ArrayList;

/** A list or a tuple. */
sealed interface Sequence {

  ArrayList<Object> items();

  /** A list; equality by identity, as its contents change. */
  final class PyList implements Sequence {
    private final ArrayList<Object> items;

    PyList(ArrayList<Object> items) {
      this.items = items;
    }

    @Override
    public ArrayList<Object> items() {
      return items;
    }
  }

  /** A tuple. */
  final class PyTuple implements Sequence {
    private final ArrayList<Object> items;

    PyTuple(ArrayList<Object> items) {
      this.items = items;
    }

    @Override
    public ArrayList<Object> items() {
      return items;
    }
  }
}
