package dev.anechoic.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Launches in order, each with an argument block of its own. */
public final class Launches {
  /** One launch; fields are as in {@link Driver#launch}. */
  public static final class Launch {
    final MemorySegment arguments;
    long function;
    int gridX;
    int gridY;
    int gridZ;
    int threads;
    int sharedBytes;
    private final String description;

    /** Whether it only brings parameters into another form: of no use a second time. */
    final boolean prepares;

    Launch(MemorySegment arguments, String description, boolean prepares) {
      this.arguments = arguments;
      this.description = description;
      this.prepares = prepares;
    }

    /** Kernel, grid and shapes, for messages. */
    String description() {
      return description;
    }

    public long function() {
      return function;
    }

    public int gridX() {
      return gridX;
    }

    public int gridY() {
      return gridY;
    }

    public int gridZ() {
      return gridZ;
    }

    public int threads() {
      return threads;
    }

    public int sharedBytes() {
      return sharedBytes;
    }

    /** The pinned argument block. */
    public MemorySegment arguments() {
      return arguments;
    }
  }

  /** Size of an argument block. */
  public static final long ARGUMENT_BYTES = Kernel.BLOCK_BYTES;

  private static final int DESCRIBED = 8;

  private final List<Launch> list = new ArrayList<>();

  public int size() {
    return list.size();
  }

  public Launch get(int index) {
    return list.get(index);
  }

  /** Makes {@code to} an argument block of its own with the present values of a launch. */
  public void copyArguments(int index, MemorySegment to) {
    Kernel.pointAtValues(to);
    Kernel.copyValues(list.get(index).arguments, to);
  }

  /** For messages: every launch of a short list, the ends of a long one. */
  String describe() {
    StringBuilder text = new StringBuilder("a graph of " + list.size() + " kernels:");
    for (int i = 0; i < list.size(); i++) {
      if (i < DESCRIBED || i >= list.size() - DESCRIBED) {
        text.append("\n  ").append(list.get(i).description());
      } else if (i == DESCRIBED) {
        text.append("\n  ...");
      }
    }
    return text.toString();
  }

  void add(Launch launch) {
    list.add(launch);
  }

  /** Forgets all launches. */
  void clear() {
    list.clear();
  }

  Launch removeLast() {
    return list.removeLast();
  }
}
