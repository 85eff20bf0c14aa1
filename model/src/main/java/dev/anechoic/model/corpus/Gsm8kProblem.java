package dev.anechoic.model.corpus;

import dev.anechoic.model.problem.Problem;
import dev.anechoic.model.problem.Term;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A problem read from GSM8K.
 *
 * @param problem as it stands in the data
 * @param doubt why its numbers cannot be replaced; null if every one is traced
 * @param equalSources sources that have to keep equal values when the numbers are replaced
 */
record Gsm8kProblem(Problem problem, @Nullable String doubt, List<List<Term.Leaf>> equalSources) {}
