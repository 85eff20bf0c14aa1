package dev.anechoic.model.transformer;

/** Normalisation before each sublayer and before the head. */
public enum Norm {
  /** Layer norm without weight or bias, as in OLMo (Groeneveld et al. 2024, section 2.1). */
  LAYER,
  /** RMSNorm with a weight, as in Llama (Zhang and Sennrich 2019). */
  RMS
}
