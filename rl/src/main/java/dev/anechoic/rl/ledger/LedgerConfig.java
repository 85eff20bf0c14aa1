package dev.anechoic.rl.ledger;

import dev.anechoic.model.config.Default;
import dev.anechoic.model.config.Doc;
import dev.anechoic.model.config.Range;

/** What the ledger keeps. It changes no bit of the training; off, it costs nothing. */
@Doc("the ledger of format selection; changes no result")
public record LedgerConfig(
    @Doc("whether updates are watched") @Default("false") boolean enabled,
    @Doc("watches every n-th optimizer update") @Default("1") @Range(min = 1) int every,
    @Doc("held-out prompts on which log-odds are measured") @Default("32") @Range(min = 1)
        int probePrompts,
    @Doc("completions sampled per probe prompt where an opening is the beginning of another")
        @Default("8")
        @Range(min = 2)
        int probeSamples,
    @Doc("completions with the largest pushes to name per update; 0 for none, saves two passes")
        @Default("6")
        @Range(min = 0)
        int samples,
    @Doc("whether logits by layer at the deciding token are read before and after") @Default("true")
        boolean decision) {}
