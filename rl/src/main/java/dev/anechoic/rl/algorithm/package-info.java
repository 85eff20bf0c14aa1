/**
 * PPO, GRPO and expert iteration, one file each, and the mathematics they share: advantages, KL
 * control, batches.
 */
@org.jspecify.annotations.NullMarked
package dev.anechoic.rl.algorithm;
