/** Reads Parquet files; outside the core, which needs no Parquet library. */
@org.jspecify.annotations.NullMarked
package dev.anechoic.parquet;
