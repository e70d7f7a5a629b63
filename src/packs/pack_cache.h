// Packed weights kept between starts in a folder: the PackedStore of one model.
//
// At a first start it collects what was packed and, when loading is over, writes it in the background with a low
// priority. At later starts it hands out the mapped file, whose pages all processes share, after every byte of it was
// checked. A file that is damaged anywhere, or of other weights, is as good as none: its matrices are packed anew and
// it is replaced. What somebody does to the file after that check is not noticed: nobody of ours writes into a pack
// that has its name. The folder holds at most kPacksMax packs; the ones that were used longest ago go first. Ownership:
// shares the bytes; may end before the model. Its end waits until the file is written. Threads: one at a time. Errors:
// none. What prevents keeping is one warning in the log, and the model runs without.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/mapped_file.h"
#include "base/thread_team.h"
#include "packs/pack_file.h"
#include "packs/pack_writer.h"
#include "weights/weight_source.h"

namespace estoc {

struct PackCacheOptions {
  std::string directory;   // made when it is not there
  uint64_t bytes_min = 0;  // less than this is not worth a file
};

class PackCache final : public PackedStore {
 public:
  static constexpr size_t kPacksMax = 4;

  // `source` must outlive the call of keep(). `team` checks the file now and is not kept.
  PackCache(PackCacheOptions options, const WeightSource& source, ThreadTeam& team);
  ~PackCache() override;

  PackedBytes find(const PackedKey& key) override;
  void add(const PackedKey& key, PackedBytes bytes) override;

  // Loading is over: begins to write what had to be packed, if anything.
  void keep();
  // Waits for that.
  void wait();
  // The program has to end: what is not yet written is given up. Any thread.
  void abandon();

 private:
  void use(PackItem item);
  bool is_worth_writing() const;
  void write() noexcept;

  PackCacheOptions options_;
  const WeightSource& source_;
  PackId id_;
  std::string path_;
  std::shared_ptr<const MappedFile> file_;  // null when there is none of use
  std::vector<PackEntry> entries_;          // of file_
  std::vector<PackItem> items_;             // what this model uses, kept or packed
  bool has_new_items_ = false;
  std::stop_source abandoned_;
  std::thread writer_;
};

}  // namespace estoc
