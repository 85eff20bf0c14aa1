/** The command line: one class per subcommand of {@code anechoic}, and what they share. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.rl.cli;
