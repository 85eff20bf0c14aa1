package dev.anechoic.rl.cli;

import java.util.List;

/**
 * Brings subcommands from a module that {@code rl} cannot see, such as the benchmarks. Providers
 * are found through {@link java.util.ServiceLoader}: name the class in {@code
 * META-INF/services/dev.anechoic.rl.cli.CommandProvider}.
 */
public interface CommandProvider {
  /** New command objects, each annotated with {@link picocli.CommandLine.Command}. */
  List<Object> commands();
}
