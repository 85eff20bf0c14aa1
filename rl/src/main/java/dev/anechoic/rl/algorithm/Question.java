package dev.anechoic.rl.algorithm;

import java.math.BigDecimal;

/**
 * A problem to answer.
 *
 * @param id its name in logs and evaluations
 * @param prompt the text before the completion: the question and a blank line
 * @param answer the right answer
 */
public record Question(String id, String prompt, BigDecimal answer) {}
