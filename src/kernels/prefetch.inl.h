// Included inside the anonymous namespace of each ISA file that reads weights where a file has them.

// How far ahead of a weight its successor is asked for: whole blocks of the four rows that are read together, and at
// least 16 KiB. Files are mapped in small pages, at whose ends the hardware's prefetchers stop.
inline int64_t prefetch_bytes(int64_t w_stride_bytes) {
  const int64_t block = 4 * w_stride_bytes;
  return block <= 0 ? 0 : (16384 + block - 1) / block * block;
}
