@org.jspecify.annotations.NullMarked
package dev.anechoic.rl;
