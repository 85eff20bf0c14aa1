/**
 * The ledger: every gradient that touches format selection, split by format and loss term, what
 * each part does to the log-odds of the formats, and where in the model the decision sits. The
 * formulas are derived in {@code docs/ledger.md}.
 */
@org.jspecify.annotations.NullMarked
package dev.anechoic.rl.ledger;
