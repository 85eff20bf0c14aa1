@org.jspecify.annotations.NullMarked
package dev.anechoic.model;
