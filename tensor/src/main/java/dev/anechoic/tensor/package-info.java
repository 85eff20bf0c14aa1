@org.jspecify.annotations.NullMarked
package dev.anechoic.tensor;
