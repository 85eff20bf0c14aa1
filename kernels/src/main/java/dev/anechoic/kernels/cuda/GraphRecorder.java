package dev.anechoic.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns a repeated stretch of launches into device graphs, without asking its author for anything.
 *
 * <p>The stretch runs as ordinary Java every time. The first time its launches are written down and
 * made a graph. From then on each launch is held against the one in its place: equal arguments cost
 * nothing, changed ones (a step number, a learning rate) are put into the graph's node, and at the
 * end one graph launch starts all of it. A launch of another kernel or grid makes the rest of the
 * graph anew, so a stretch that differs is slower, never wrong.
 *
 * <p>A copy from or to the host ends a segment: what was collected starts, then the copy.
 */
final class GraphRecorder {
  private final CudaDevice device;
  private final List<Segment> segments = new ArrayList<>();
  private int segment;
  private int builds;
  private int launchesOfGraphs;

  /** The launches between two copies. */
  private static final class Segment {
    final Launches launches = new Launches();
    Driver.@Nullable Graph graph;
    int next;

    void dropGraph() {
      if (graph != null) {
        graph.close();
        graph = null;
      }
    }
  }

  GraphRecorder(CudaDevice device) {
    this.device = device;
  }

  void begin() {
    segment = 0;
    segments.forEach(s -> s.next = 0);
    device.record(this);
  }

  void end() {
    flush();
    device.stopRecording();
  }

  /** How often a graph had to be made; stays the same while the stretch repeats. */
  int builds() {
    return builds;
  }

  /** How many graphs were launched. */
  int launchesOfGraphs() {
    return launchesOfGraphs;
  }

  void add(Kernel kernel) {
    Segment s = current();
    int index = s.next++;
    if (index < s.launches.size() && isSame(s.launches.get(index), kernel)) {
      Launches.Launch launch = s.launches.get(index);
      if (!Kernel.sameValues(kernel.block(), launch.arguments, kernel.arguments())) {
        Kernel.copyValues(kernel.block(), launch.arguments);
        if (s.graph != null) {
          s.graph.update(index);
        }
      }
      return;
    }
    s.launches.truncate(index);
    s.dropGraph();
    s.launches.add(copyOf(kernel));
  }

  private Segment current() {
    if (segment == segments.size()) {
      segments.add(new Segment());
    }
    return segments.get(segment);
  }

  private static boolean isSame(Launches.Launch launch, Kernel kernel) {
    return launch.function == kernel.function()
        && launch.gridX == kernel.gridX()
        && launch.gridY == kernel.gridY()
        && launch.gridZ == kernel.gridZ()
        && launch.threads == kernel.threads()
        && launch.sharedBytes == kernel.sharedBytes();
  }

  private Launches.Launch copyOf(Kernel kernel) {
    Launches.Launch launch = new Launches.Launch(device.driver().pinned(Kernel.BLOCK_BYTES));
    Kernel.pointAtValues(launch.arguments);
    Kernel.copyValues(kernel.block(), launch.arguments);
    launch.function = kernel.function();
    launch.gridX = kernel.gridX();
    launch.gridY = kernel.gridY();
    launch.gridZ = kernel.gridZ();
    launch.threads = kernel.threads();
    launch.sharedBytes = kernel.sharedBytes();
    return launch;
  }

  /** Starts what was collected and goes on with the next segment. */
  void flush() {
    if (segment == segments.size() || segments.get(segment).next == 0) {
      return;
    }
    Segment s = segments.get(segment);
    if (s.next < s.launches.size()) {
      s.launches.truncate(s.next);
      s.dropGraph();
    }
    if (s.graph == null) {
      s.graph = device.driver().graph(s.launches);
      builds++;
    }
    s.graph.launch();
    launchesOfGraphs++;
    s.next = 0;
    segment++;
  }

  void close() {
    segments.forEach(Segment::dropGraph);
    segments.clear();
  }
}
