package dev.anechoic.rl.algorithm;

import dev.anechoic.model.optim.AdamW;
import dev.anechoic.model.transformer.Parameters;
import java.util.List;

/**
 * What a checkpoint of a trainer holds besides the policy's parameters: set a fresh trainer's state
 * to this and it goes on as if it had never stopped.
 *
 * @param klController the coefficient in force
 * @param optimizers in a fixed order, the policy's first
 * @param parameters of the critic, in a fixed order; empty without one
 */
public record TrainerState(
    KlController klController, List<AdamW> optimizers, List<Parameters> parameters) {}
