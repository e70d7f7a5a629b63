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

// The weights that will be unpacked next, asked for a few lines at a time while the tiles are busy: unpacking runs as
// fast as one core can read memory, and would wait for it otherwise.
struct NextWeights {
  const std::byte* at = nullptr;
  int64_t to_second = 0;  // from a panel to the other one of its pair
  int64_t lines = 0;      // of each, in one step

  // The pair from `panel` on, `bytes` from `offset` on in each, in `steps` steps. Nothing when there is none.
  NextWeights(const PanelMatrix& w, int64_t panel, int64_t offset, int64_t bytes, int64_t steps) {
    if (panel >= w.panel_count()) return;
    at = w.data + panel * w.panel_bytes() + offset;
    to_second = panel + 1 < w.panel_count() ? w.panel_bytes() : 0;
    lines = (bytes / 64 + steps - 1) / steps;
  }

  void prefetch() {
    const std::byte* line = at;
    for (int64_t i = 0; i < lines; ++i, line += 64) {
      __builtin_prefetch(line, 0, 2);
      __builtin_prefetch(line + to_second, 0, 2);
    }
    at = line;
  }
};
