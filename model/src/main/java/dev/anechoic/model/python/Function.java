package dev.anechoic.model.python;

import java.util.List;

/**
 * A function of the program.
 *
 * @param defaults values of the last parameters, evaluated at the definition
 * @param enclosing scope of the definition
 */
record Function(Stmt.Define definition, List<Object> defaults, Scope enclosing) {}
