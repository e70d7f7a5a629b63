#include "packs/pack_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "weights/byte_reader.h"

namespace estoc {
namespace {

constexpr std::string_view kMagic = "estocpak";
constexpr uint32_t kFileVersion = 5;
constexpr size_t kHeaderBytes = 64;
constexpr size_t kHeaderChecked = 56;
constexpr uint64_t kPage = 4096;
constexpr uint64_t kEntryBytesMin = 4 + 1 + 4 + 1 + 8 * 4 + 8 * 4 * 2 + 8 * 3;

uint64_t page_aligned(uint64_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

template <typename T>
void put(std::vector<std::byte>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

void put_text(std::vector<std::byte>& out, std::string_view text) {
  put(out, static_cast<uint32_t>(text.size()));
  for (const char c : text) put(out, c);
}

void put_row_map(std::vector<std::byte>& out, const RowMap& map) {
  for (const int64_t number : {map.head_dim(), map.turned(), map.group_rows(), map.group_stride()}) put(out, number);
}

std::vector<std::byte> encode_table(const std::vector<PackEntry>& entries) {
  std::vector<std::byte> table;
  for (const PackEntry& entry : entries) {
    put_text(table, entry.key.name);
    put_text(table, entry.key.scheme);
    const MatrixSlice& slice = entry.key.slice;
    for (const int64_t number : {slice.first_row, slice.rows, slice.first_column, slice.columns}) put(table, number);
    put_row_map(table, slice.order);
    put_row_map(table, entry.key.row_map);
    put(table, entry.offset);
    put(table, entry.key.bytes);
    put(table, entry.checksum);
  }
  return table;
}

struct Header {
  uint32_t matrices = 0;
  std::span<const std::byte> table;
};

Header read_header(std::span<const std::byte> bytes, const PackId& id, const std::string& name) {
  if (bytes.size() < kHeaderBytes) {
    fail(ErrorCode::corrupt_file, "{}: is {} bytes long, expected a header of {}", name, bytes.size(), kHeaderBytes);
  }
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) {
    fail(ErrorCode::corrupt_file, "{}: does not begin with '{}'", name, kMagic);
  }
  ByteReader reader(bytes.subspan(kMagic.size(), kHeaderBytes - kMagic.size()), name);
  const auto version = reader.read<uint32_t>("the version");
  if (version != kFileVersion) {
    fail(ErrorCode::corrupt_file, "{}: is version {} of the file, expected {}", name, version, kFileVersion);
  }
  PackId found;
  found.layout_version = reader.read<uint32_t>("the layout");
  found.isa_class = reader.read<uint32_t>("the ISA class");
  Header header;
  header.matrices = reader.read<uint32_t>("the count of matrices");
  found.fingerprint = reader.read<uint64_t>("the fingerprint");
  const auto file_bytes = reader.read<uint64_t>("the length of the file");
  const auto table_bytes = reader.read<uint64_t>("the length of the table");
  const auto table_checksum = reader.read<uint64_t>("the checksum of the table");
  if (reader.read<uint64_t>("the checksum of the header") != hash64(bytes.first(kHeaderChecked))) {
    fail(ErrorCode::corrupt_file, "{}: the header does not match its checksum", name);
  }
  if (found != id) fail(ErrorCode::corrupt_file, "{}: was made of other weights or in another layout", name);
  if (file_bytes != bytes.size()) {
    fail(ErrorCode::corrupt_file, "{}: is {} bytes long, expected {}", name, bytes.size(), file_bytes);
  }
  if (table_bytes > bytes.size() - kHeaderBytes) {
    fail(ErrorCode::corrupt_file, "{}: has a table of {} bytes, more than the file", name, table_bytes);
  }
  header.table = bytes.subspan(kHeaderBytes, static_cast<size_t>(table_bytes));
  if (hash64(header.table) != table_checksum) {
    fail(ErrorCode::corrupt_file, "{}: the table does not match its checksum", name);
  }
  return header;
}

// A u32 length and that many bytes.
std::string read_text(ByteReader& reader, std::string_view what, const std::string& name) {
  constexpr uint32_t kLengthMax = 4096;
  const auto length = reader.read<uint32_t>(what);
  if (length == 0 || length > kLengthMax) {
    fail(ErrorCode::corrupt_file, "{}: {} is {} bytes long, expected 1 to {}", name, what, length, kLengthMax);
  }
  std::string text(length, '\0');
  for (char& c : text) c = reader.read<char>(what);
  return text;
}

RowMap read_row_map(ByteReader& reader, const std::string& name) {
  const auto head_dim = reader.read<int64_t>("the rows of a head"), turned = reader.read<int64_t>("its turned rows");
  const auto rows = reader.read<int64_t>("the rows of a group"), stride = reader.read<int64_t>("a group's stride");
  if (turned < 0 || turned > head_dim || (turned == 0) != (head_dim == 0) || rows < 0 || stride < rows ||
      (rows == 0 && stride != 0)) {
    fail(ErrorCode::corrupt_file, "{}: rows in heads of {}, {} of them turned, and groups of {} rows {} apart", name,
         head_dim, turned, rows, stride);
  }
  const RowMap pairs = head_dim == 0 ? RowMap() : RowMap::adjacent_pairs(head_dim, turned);
  return pairs.inside(rows == 0 ? RowMap() : RowMap::groups(rows, stride));
}

PackEntry read_entry(ByteReader& reader, const PackId& id, const std::string& name) {
  PackEntry entry;
  entry.key.layout_version = id.layout_version;
  entry.key.name = read_text(reader, "a name", name);
  entry.key.scheme = read_text(reader, "a scheme", name);
  MatrixSlice& slice = entry.key.slice;
  slice.first_row = reader.read<int64_t>("a first row");
  slice.rows = reader.read<int64_t>("a count of rows");
  slice.first_column = reader.read<int64_t>("a first column");
  slice.columns = reader.read<int64_t>("a count of columns");
  if (slice.first_row < 0 || slice.rows < 1 || slice.first_column < 0 || slice.columns < 1) {
    fail(ErrorCode::corrupt_file, "{}: '{}' is {} rows from {} and {} columns from {}", name, shown(entry.key.name),
         slice.rows, slice.first_row, slice.columns, slice.first_column);
  }
  slice.order = read_row_map(reader, name);
  entry.key.row_map = read_row_map(reader, name);
  entry.offset = reader.read<uint64_t>("an offset");
  entry.key.bytes = reader.read<uint64_t>("a length");
  entry.checksum = reader.read<uint64_t>("a checksum");
  return entry;
}

void require_zeros(std::span<const std::byte> bytes, uint64_t begin, uint64_t end, const std::string& name) {
  const auto gap = bytes.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  if (std::any_of(gap.begin(), gap.end(), [](std::byte b) { return b != std::byte{0}; })) {
    fail(ErrorCode::corrupt_file, "{}: bytes {} to {} are between its matrices and not zero", name, begin, end);
  }
}

}  // namespace

std::string PackId::file_name() const {
  Hasher hash;
  hash.add_number(fingerprint);
  hash.add_number(layout_version);
  hash.add_number(isa_class);
  hash.add_number(kFileVersion);
  return fmt::format("{:016x}.pack", hash.value());
}

std::vector<std::byte> encode_pack_head(const PackId& id, std::vector<PackEntry>& entries, uint64_t& file_bytes) {
  const uint64_t table_bytes = encode_table(entries).size();  // does not depend on the offsets
  const uint64_t begin = page_aligned(kHeaderBytes + table_bytes);
  file_bytes = begin;
  for (PackEntry& entry : entries) {
    entry.offset = page_aligned(file_bytes);
    file_bytes = entry.offset + entry.key.bytes;
  }
  const std::vector<std::byte> table = encode_table(entries);
  std::vector<std::byte> head;
  for (const char c : kMagic) put(head, c);
  put(head, kFileVersion);
  put(head, id.layout_version);
  put(head, id.isa_class);
  put(head, static_cast<uint32_t>(entries.size()));
  put(head, id.fingerprint);
  put(head, file_bytes);
  put(head, table_bytes);
  put(head, hash64(table));
  put(head, hash64(head));
  head.insert(head.end(), table.begin(), table.end());
  head.resize(static_cast<size_t>(begin));
  return head;
}

std::vector<PackEntry> parse_pack(std::span<const std::byte> bytes, const PackId& id, const std::string& name) {
  const Header header = read_header(bytes, id, name);
  ByteReader reader(header.table, name);
  if (header.matrices > header.table.size() / kEntryBytesMin) {
    fail(ErrorCode::corrupt_file, "{}: promises {} matrices, more than its table can describe", name, header.matrices);
  }
  std::vector<PackEntry> entries;
  entries.reserve(header.matrices);
  std::set<PackedKey> keys;
  uint64_t end = kHeaderBytes + header.table.size();
  for (uint32_t i = 0; i < header.matrices; ++i) {
    PackEntry entry = read_entry(reader, id, name);
    if (!keys.insert(entry.key).second) {
      fail(ErrorCode::corrupt_file, "{}: '{}' appears twice", name, shown(entry.key.name));
    }
    if (entry.offset % kPage != 0 || entry.offset < end || entry.offset > bytes.size() || entry.key.bytes == 0 ||
        entry.key.bytes > bytes.size() - entry.offset) {
      fail(ErrorCode::corrupt_file, "{}: '{}' is said to be {} bytes at byte {}", name, shown(entry.key.name),
           entry.key.bytes, entry.offset);
    }
    require_zeros(bytes, end, entry.offset, name);
    end = entry.offset + entry.key.bytes;
    entries.push_back(std::move(entry));
  }
  if (reader.remaining() != 0) {
    fail(ErrorCode::corrupt_file, "{}: the table has {} bytes more than its matrices", name, reader.remaining());
  }
  require_zeros(bytes, end, bytes.size(), name);
  return entries;
}

}  // namespace estoc
