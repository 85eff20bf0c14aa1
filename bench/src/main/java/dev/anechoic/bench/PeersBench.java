package dev.anechoic.bench;

import dev.anechoic.bench.peer.Comparison;
import dev.anechoic.bench.peer.Engine;
import dev.anechoic.bench.peer.Peer;
import dev.anechoic.bench.peer.PeerProcess;
import dev.anechoic.bench.peer.Work;
import dev.anechoic.model.UserError;
import dev.anechoic.model.io.Json;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code anechoic bench peers}: this engine against OpenBLAS, MKL and libtorch, each in a process
 * of its own, in rounds that interleave.
 */
@Command(
    name = "peers",
    mixinStandardHelpOptions = true,
    description = "Compares with OpenBLAS, MKL and libtorch; runs/peers.sh builds what it needs.")
final class PeersBench implements Runnable {
  @Mixin private TableOptions table;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "turns of each library (default: ${DEFAULT-VALUE})")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "0.2",
      description = "length of a turn; at least one run (default: ${DEFAULT-VALUE})")
  private double seconds;

  @Option(
      names = "--warmup",
      defaultValue = "0.5",
      description =
          "before its first turn, each library runs until it gets no faster for so many seconds"
              + " (default: ${DEFAULT-VALUE})")
  private double warmupSeconds;

  @Option(
      names = "--without",
      split = ",",
      paramLabel = "PEER",
      description = "libraries to leave out")
  private List<String> without = List.of();

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli injects the fields
  PeersBench() {}

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    List<Peer> peers = peers();
    Pattern filter = table.filter();
    List<Work> works =
        Work.all().stream()
            .filter(work -> filter.matcher(work.name() + " " + work.shape()).find())
            .toList();
    table.requireAny(works);
    List<Map<String, Object>> rows = new ArrayList<>();
    for (int threads : table.threads()) {
      List<PeerProcess> processes = new ArrayList<>();
      try {
        for (Peer peer : peers) {
          processes.add(new PeerProcess(peer, threads, JvmFlags.forked()));
          out.printf("%s: %s%n", peer.name(), processes.getLast().version());
        }
        compare(works, threads, processes, rows, out);
      } finally {
        processes.forEach(PeerProcess::close);
      }
    }
    if (table.json() != null) {
      Json.write(table.json(), rows);
    }
  }

  private List<Peer> peers() {
    List<Peer> peers = new ArrayList<>();
    peers.add(new Engine());
    ServiceLoader.load(Peer.class).forEach(peers::add);
    if (peers.size() == 1) {
      throw UserError.what("No other library is in this build")
          .expected("a build with the Maven profile 'peers'")
          .remedy("Run runs/peers.sh, which makes one and starts this command in it.");
    }
    for (String name : without) {
      if (!peers.removeIf(peer -> peer.name().equals(name) && !name.equals(Engine.NAME))) {
        throw UserError.what("Unknown library '" + name + "'")
            .where("--without")
            .expected("some of " + peers.stream().skip(1).map(Peer::name).toList())
            .remedy("Use one of these.");
      }
    }
    return peers;
  }

  private void compare(
      List<Work> works,
      int threads,
      List<PeerProcess> processes,
      List<Map<String, Object>> rows,
      PrintWriter out) {
    List<Comparison> products = new ArrayList<>();
    for (Work work : works) {
      Comparison comparison =
          Comparison.run(work, threads, processes, warmupSeconds, rounds, seconds);
      print(comparison, out);
      rows.add(toMap(comparison));
      if (work.name().equals("matmul")) {
        products.add(comparison);
      }
    }
    if (!products.isEmpty()) {
      out.printf(
          Locale.ROOT,
          "matmul, %d thread(s): geometric mean of the ratios %.3f over %d shapes, %d below 1%n",
          threads,
          Comparison.geometricMean(products),
          products.size(),
          products.stream().filter(c -> c.ratio() < 1).count());
    }
  }

  private static void print(Comparison c, PrintWriter out) {
    StringBuilder line = new StringBuilder();
    line.append(
        String.format(
            Locale.ROOT, "%-18s %-46s %d ", c.work().name(), c.work().shape(), c.threads()));
    for (String library : c.rates().keySet()) {
      line.append(
          String.format(
              Locale.ROOT, " %s %,.1f (%,.1f)", library, c.median(library), c.best(library)));
    }
    line.append(
        String.format(
            Locale.ROOT, "  %s  ratio %.3f to %s", c.work().unit(), c.ratio(), c.bestPeer()));
    c.configurations()
        .forEach((library, how) -> line.append("  ").append(library).append(": ").append(how));
    out.println(line);
    out.flush();
  }

  private static Map<String, Object> toMap(Comparison c) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", c.work().name());
    map.put("shape", c.work().shape());
    map.put("threads", c.threads());
    map.put("value", c.median(Engine.NAME));
    map.put("best", c.best(Engine.NAME));
    map.put("unit", c.work().unit());
    Map<String, Object> peers = new LinkedHashMap<>();
    for (String library : c.rates().keySet()) {
      if (!library.equals(Engine.NAME)) {
        peers.put(library, Map.of("value", c.median(library), "best", c.best(library)));
      }
    }
    map.put("peers", peers);
    map.put("configurations", c.configurations());
    String best = c.bestPeer();
    if (best != null) {
      map.put("best_peer", best);
      map.put("ratio", c.ratio());
    }
    return map;
  }
}
