// What all AMX code needs. Included inside the anonymous namespace of an ISA file.

// The shapes of tiles 0..7: up to 16 rows of 64 bytes. Loaded at a kernel's entry and released at its end.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int count) {
    row_bytes[tile] = 64;
    rows[tile] = static_cast<uint8_t>(count);
  }
  // The instruction's operand is declared shorter than what it reads, so compilers may drop the stores that fill the
  // rest of a block on the stack: here it goes out of their sight first.
  void load() const {
    asm volatile("" : : "r"(this) : "memory");
    _tile_loadconfig(this);
  }
};

// Tile instructions tell the compiler nothing of the memory they read and write: it must be settled before and after.
inline void memory_fence() { asm volatile("" ::: "memory"); }
