#include "weights/fingerprint.h"

#include <algorithm>

#include "base/hash.h"

namespace estoc {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kPagesOfTensor = 4;

// Where the first tensor of the file begins: what is before describes the tensors.
size_t header_bytes(const WeightSource& source, std::span<const std::byte> file) {
  size_t end = file.size();
  for (const WeightTensor& tensor : source.tensors()) {
    const std::byte* at = tensor.bytes.data();
    if (at >= file.data() && at < file.data() + end) end = static_cast<size_t>(at - file.data());
  }
  return end;
}

void add_pages(std::span<const std::byte> bytes, Hasher& hash) {
  if (bytes.size() <= kPage * kPagesOfTensor) return hash.add(bytes);
  const size_t last = bytes.size() - kPage;
  for (size_t i = 0; i + 1 < kPagesOfTensor; ++i) hash.add(bytes.subspan(last / (kPagesOfTensor - 1) * i, kPage));
  hash.add(bytes.subspan(last));
}

}  // namespace

uint64_t fingerprint_of(const WeightSource& source) {
  Hasher hash;
  for (const MappedFile& file : source.files()) {
    hash.add_number(file.stamp().bytes);
    hash.add_number(file.stamp().modified_ns);
    hash.add_number(file.stamp().changed_ns);
    hash.add(file.bytes().first(header_bytes(source, file.bytes())));
  }
  for (const WeightTensor& tensor : source.tensors()) {
    hash.add_text(tensor.name);
    hash.add_text(tensor.format->name);
    hash.add_number(tensor.row_map.head_dim());
    hash.add_number(uint64_t{tensor.shape.size()});
    for (const int64_t dimension : tensor.shape) hash.add_number(dimension);
    add_pages(tensor.bytes, hash);
  }
  source.release_pages();
  return hash.value();
}

bool is_unchanged(const WeightSource& source) {
  return std::all_of(source.files().begin(), source.files().end(),
                     [](const MappedFile& file) { return file_stamp(file.path()) == file.stamp(); });
}

}  // namespace estoc
