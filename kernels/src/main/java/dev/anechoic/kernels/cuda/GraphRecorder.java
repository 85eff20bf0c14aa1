package dev.anechoic.kernels.cuda;

import dev.anechoic.tensor.Recording;
import dev.anechoic.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns a stretch of launches into device graphs, without asking its author for anything.
 *
 * <p>The first time, the stretch runs as ordinary Java; its launches are written down, made a graph
 * and started. From then on {@link #run} starts the graph alone. {@link #renew} runs the Java again
 * and holds each launch against the one in its place: equal arguments cost nothing, changed ones (a
 * learning rate, a step number) are put into the graph's node. A launch of another kernel or grid
 * makes the rest of the graph anew, so a stretch that differs is slower, never wrong.
 *
 * <p>{@link #repeat} starts a graph that goes round by itself. Parameters do not change on the way,
 * unless the stretch writes them, so their rounded forms are made once and not every time.
 *
 * <p>A copy from or to the host, and memory that is taken anew, end a segment: what was collected
 * starts, then the copy. A stretch of several segments cannot be replayed, so it runs in Java every
 * time, as does one whose scratch memory has moved since.
 */
final class GraphRecorder implements Recording {
  private final CudaDevice device;
  private final Runnable work;
  private final List<GraphRecorder> all;
  private final List<Segment> segments = new ArrayList<>();
  private int segment;
  private boolean split;
  private boolean replayable;
  private int scratchMoves;
  private boolean writesParameters;
  private int builds;
  private int launchesOfGraphs;
  private int javaRuns;

  /** The launches between two copies. */
  private static final class Segment {
    final Launches launches = new Launches();
    Driver.@Nullable Graph graph;
    Driver.@Nullable Graph loop;
    final Launches once = new Launches();
    final Launches round = new Launches();
    long loopsWhile;
    int next;

    void dropGraph() {
      dropLoop();
      if (graph != null) {
        graph.close();
        graph = null;
      }
    }

    void dropLoop() {
      if (loop != null) {
        loop.close();
        loop = null;
      }
    }
  }

  /**
   * @param all the open recorders of the backend; it leaves them when it is closed
   */
  GraphRecorder(CudaDevice device, Runnable work, List<GraphRecorder> all) {
    this.device = device;
    this.work = work;
    this.all = all;
    all.add(this);
  }

  @Override
  public void run() {
    if (!canReplay()) {
      renew();
      return;
    }
    if (segment == 1) { // 0 where there was nothing to do
      start(segments.getFirst());
    }
    device.replayed(writesParameters);
  }

  @Override
  public void repeat(Tensor more, int most) {
    int done = 0;
    for (; done < most && !canReplay(); done++) {
      renew(); // memory has moved; the second time it stays
    }
    if (done == most || segment == 0) {
      return;
    }
    Driver.Graph loop = loopOf(segments.getFirst(), CudaBuffer.addressOf(more));
    if (loop == null) {
      for (; done < most; done++) {
        run();
      }
      return;
    }
    device.launch(loop, segments.getFirst().round);
    launchesOfGraphs++;
    device.replayed(writesParameters);
  }

  private Driver.@Nullable Graph loopOf(Segment s, long more) {
    if (s.loop == null || s.loopsWhile != more) {
      s.dropLoop();
      s.once.clear();
      s.round.clear();
      for (int i = 0; i < s.launches.size(); i++) {
        Launches.Launch launch = s.launches.get(i);
        (launch.prepares && !writesParameters ? s.once : s.round).add(launch);
      }
      s.loop = device.loop(s.once, s.round, more);
      s.loopsWhile = more;
    }
    return s.loop;
  }

  private boolean canReplay() {
    return replayable && scratchMoves == device.scratchMoves();
  }

  @Override
  public void renew() {
    if (device.isRecording()) {
      throw new IllegalStateException("recordings do not nest");
    }
    segment = 0;
    segments.forEach(s -> s.next = 0);
    split = false;
    replayable = false;
    javaRuns++;
    long parametersBefore = device.parameterVersion();
    int movesBefore = device.scratchMoves();
    device.record(this);
    try {
      work.run();
      flush();
    } finally {
      device.stopRecording();
    }
    writesParameters = device.parameterVersion() != parametersBefore;
    scratchMoves = device.scratchMoves();
    replayable = !split && segment <= 1 && scratchMoves == movesBefore;
  }

  /** How often a graph had to be made; stays the same while the stretch repeats. */
  int builds() {
    return builds;
  }

  /** How many graphs were launched. */
  int launchesOfGraphs() {
    return launchesOfGraphs;
  }

  /** Launches of each round of {@link #repeat}. */
  int launchesOfRound() {
    return segments.getFirst().round.size();
  }

  /** How often the work ran in Java. */
  int javaRuns() {
    return javaRuns;
  }

  void add(Kernel kernel) {
    Segment s = current();
    int index = s.next++;
    if (index < s.launches.size() && isSame(s.launches.get(index), kernel)) {
      Launches.Launch launch = s.launches.get(index);
      if (!Kernel.sameValues(kernel.block(), launch.arguments, kernel.arguments())) {
        Kernel.copyValues(kernel.block(), launch.arguments);
        if (s.graph != null) {
          s.dropLoop();
          s.graph.update(index);
        }
      }
      return;
    }
    truncate(s, index);
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
    Launches.Launch launch =
        new Launches.Launch(device.takeArgumentBlock(), kernel.describe(), device.isPreparing());
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

  /** Starts what was collected, because something else is about to happen in the stream. */
  void split() {
    split = true;
    flush();
  }

  /** Starts what was collected and goes on with the next segment. */
  private void flush() {
    if (segment == segments.size() || segments.get(segment).next == 0) {
      return;
    }
    Segment s = segments.get(segment);
    if (s.next < s.launches.size()) {
      truncate(s, s.next);
    }
    start(s);
    s.next = 0;
    segment++;
  }

  private void start(Segment s) {
    device.launch(graphOf(s), s.launches);
    launchesOfGraphs++;
  }

  private Driver.Graph graphOf(Segment s) {
    Driver.Graph graph = s.graph;
    if (graph == null) {
      graph = device.graph(s.launches);
      s.graph = graph;
      builds++;
    }
    return graph;
  }

  private void truncate(Segment s, int size) {
    s.dropGraph();
    while (s.launches.size() > size) {
      device.giveArgumentBlock(s.launches.removeLast().arguments);
    }
  }

  @Override
  public void close() {
    segments.forEach(s -> truncate(s, 0));
    segments.clear();
    replayable = false;
    all.remove(this);
  }
}
