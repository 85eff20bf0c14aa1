/**
 * OpenBLAS, MKL and libtorch behind {@link dev.anechoic.bench.peer.Peer}; never in a user's build.
 */
@NullMarked
package dev.anechoic.bench.peers;

import org.jspecify.annotations.NullMarked;
