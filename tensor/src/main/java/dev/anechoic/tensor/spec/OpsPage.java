package dev.anechoic.tensor.spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Writes {@code docs/ops.md} from the op table: {@code java ... dev.anechoic.tensor.spec.OpsPage
 * [FILE]}. A test fails when the file and the table differ.
 */
public final class OpsPage {
  /** Where the page lies in the project. */
  public static final Path FILE = Path.of("docs", "ops.md");

  private OpsPage() {}

  /** Writes the page to the file that is named, or to {@link #FILE}. */
  public static void main(String[] args) throws IOException {
    Locale.setDefault(Locale.ROOT);
    Path file = args.length > 0 ? Path.of(args[0]) : FILE;
    Files.writeString(file, markdown());
    System.out.println("wrote " + file);
  }

  /** The page, as Markdown. */
  public static String markdown() {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        # Ops

        Every kernel that a backend offers, from the op table in `dev.anechoic.tensor.spec`. \
        This page is generated: run `dev.anechoic.tensor.spec.OpsPage` after a change.

        The equations are in the javadoc of `dev.anechoic.tensor.Kernels`, the specification in \
        `dev.anechoic.tensor.reference`. Letters: B batch, T time, C channels, H query heads, K \
        key/value heads, D head size, V vocabulary, N tokens, R rows, F features of a gate.

        * **reads**, **writes**: operands with their shapes; *(+)* marks a gradient, which a call \
        overwrites or adds to, *(in place)* what is read and written.
        * **gradient**: inputs whose gradient is held against 4-point central differences in double.
        * **FLOPs**: a multiply-add counts 2, an exp or a division 1. Bytes moved are those of the \
        operands, each once, an added-to gradient twice.
        * **cases**: shapes and variants in the quick grid (run by every build, per backend) and in \
        the full one (`-Pfull`).

        | op | reads | writes | gradient | FLOPs | cases |
        |---|---|---|---|---|---|
        """);
    for (OpSpec spec : OpTable.all()) {
      page.append(row(spec)).append('\n');
    }
    page.append(
        "\n%d ops, %,d cases in the quick grid, %,d in the full grid.\n"
            .formatted(OpTable.all().size(), count(false), count(true)));
    return page.toString();
  }

  private static int count(boolean full) {
    return OpTable.all().stream().mapToInt(spec -> spec.count(full)).sum();
  }

  /** The operands of a variant of the op that has most of them. */
  private static String row(OpSpec spec) {
    OpCase widest = null;
    for (int[] point : spec.grid().quick()) {
      OpCase opCase = spec.at(point, false, Conformance.DEFAULT_SEED);
      if (widest == null || opCase.operands().size() > widest.operands().size()) {
        widest = opCase;
      }
    }
    OpCase c = java.util.Objects.requireNonNull(widest, spec.name());
    List<Operand> operands = c.operands();
    return "| `%s` | %s | %s | %s | %s | %d, %d |"
        .formatted(
            spec.name(),
            list(operands.stream().filter(Operand::isInput).toList()),
            list(operands.stream().filter(o -> !o.isInput()).toList()),
            operands.stream()
                .filter(Operand::isDifferentiable)
                .map(Operand::name)
                .collect(Collectors.joining(", ")),
            c.flopsFormula(),
            spec.count(false),
            spec.count(true));
  }

  private static String list(List<Operand> operands) {
    return operands.stream()
        .filter(o -> o.role() != Operand.Role.HELPER)
        .map(OpsPage::describe)
        .collect(Collectors.joining(", "));
  }

  private static String describe(Operand operand) {
    String shape = operand.letters().isEmpty() ? "" : " " + operand.letters();
    String how =
        switch (operand.role()) {
          case GRADIENT -> " (+)";
          case IN_OUT, OPAQUE -> " (in place)";
          default -> "";
        };
    return operand.name() + shape + how;
  }
}
