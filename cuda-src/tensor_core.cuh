// Tiles of bf16 in shared memory for the tensor cores: how they are laid out, filled and read.
//
// A tile has rows of `chunks` 16-byte chunks. Chunk c of row r lies at chunk c ^ (r mod 8), so that
// the eight rows of a matrix that ldmatrix reads at one chunk come from different banks.
#pragma once

#include "common.cuh"

// Where tile number `tile` of an M x N result lies: tiles go down 8 rows of tiles before they move on to
// the next column, so that those in work together share slices of a and b in the L2 cache.
DEVICE void placeOfTile(int tile, int M, int N, int BM, int BN, int& row0, int& column0) {
  constexpr int group = 8;
  int rowTiles = ceilDiv(M, BM), columnTiles = ceilDiv(N, BN);
  int perGroup = group * columnTiles, first = tile / perGroup * group;
  int height = min(group, rowTiles - first);
  row0 = (first + tile % perGroup % height) * BM;
  column0 = tile % perGroup / height * BN;
}

template <int chunks>
DEVICE int tileOffset(int row, int chunk) {
  constexpr int rowsPerLine = chunks >= 8 ? 1 : 8 / chunks;  // rows that share 128 bytes
  return (row * chunks + (chunk ^ (row / rowsPerLine % (chunks >= 8 ? 8 : chunks)))) * 8;
}

// Starts the copy of a rows x (8 chunks) tile; zeros past `validRows` rows and `validChunks` chunks.
// `from` is the tile's first element, 16-byte aligned, rows `stride` elements apart.
template <int rows, int chunks, int threads>
DEVICE void loadTile(bf16* tile, const bf16* from, long long stride, int validRows,
                     int validChunks) {
#pragma unroll 4
  for (int i = 0; i < ceilDiv(rows * chunks, threads); i++) {
    int e = i * threads + threadIdx.x, row = e / chunks, chunk = e % chunks;
    if (rows * chunks % threads != 0 && e >= rows * chunks) {
      break;
    }
    bool valid = row < validRows && chunk < validChunks;
    copyAsync16(tile + tileOffset<chunks>(row, chunk),
                valid ? from + row * stride + chunk * 8 : from, valid);
  }
}

// The 16 x 16 operand a at (row, k) of a tile stored [row][k].
template <int chunks>
DEVICE void loadA(unsigned (&a)[4], const bf16* tile, int row, int k) {
  int lane = threadIdx.x % 32;
  loadMatrix4(a, tile + tileOffset<chunks>(row + lane % 16, k / 8 + lane / 16));
}

// The same of a tile stored [k][row].
template <int chunks>
DEVICE void loadATransposed(unsigned (&a)[4], const bf16* tile, int row, int k) {
  int lane = threadIdx.x % 32, matrix = lane / 8;
  loadMatrix4Transposed(
      a, tile + tileOffset<chunks>(k + matrix / 2 * 8 + lane % 8, row / 8 + matrix % 2));
}

// Two 16 x 8 operands b, at columns n and n + 8 from k on, of a tile stored [n][k]: b[0..1], b[2..3].
template <int chunks>
DEVICE void loadB(unsigned (&b)[4], const bf16* tile, int n, int k) {
  int lane = threadIdx.x % 32, matrix = lane / 8;
  loadMatrix4(b, tile + tileOffset<chunks>(n + matrix / 2 * 8 + lane % 8, k / 8 + matrix % 2));
}

// The same of a tile stored [k][n].
template <int chunks>
DEVICE void loadBTransposed(unsigned (&b)[4], const bf16* tile, int n, int k) {
  int lane = threadIdx.x % 32, matrix = lane / 8;
  loadMatrix4Transposed(
      b, tile + tileOffset<chunks>(k + matrix % 2 * 8 + lane % 8, n / 8 + matrix / 2));
}

// d += a b for the two operands that loadB gives, into two neighbouring 16 x 8 tiles of d.
DEVICE void mmaPair(float (&left)[4], float (&right)[4], const unsigned (&a)[4],
                    const unsigned (&b)[4]) {
  const unsigned first[2] = {b[0], b[1]}, second[2] = {b[2], b[3]};
  mma16816(left, a, first);
  mma16816(right, a, second);
}
