// Writes valid pack files into the folder that is given: what packs_file_fuzz starts from. Made and not kept, so that
// they are always of today's format.
#include <cstddef>
#include <fstream>
#include <string>
#include <vector>

#include "packs/test_packs.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const estoc::PackId id = {.fingerprint = 1, .layout_version = 1};
  const estoc::PackItem one = estoc::made_up_item("a", 64, 1), two = estoc::made_up_item("model.layers.0.mlp", 5000, 2),
                        three = estoc::made_up_item("head", 1, 3);
  const std::vector<std::vector<estoc::PackItem>> packs = {{}, {one}, {two}, {one, two}, {three, one, two}};
  for (size_t i = 0; i < packs.size(); ++i) {
    const std::vector<std::byte> bytes = estoc::pack_in_memory(id, packs[i]);
    std::ofstream file(argv[1] + ("/pack" + std::to_string(i)), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!file.flush()) return 1;
  }
  return 0;
}
