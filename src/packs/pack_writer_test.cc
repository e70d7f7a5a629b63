#include "packs/pack_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/test_directory.h"
#include "packs/test_packs.h"

namespace estoc {
namespace {

namespace fs = std::filesystem;

constexpr PackId kId = {.fingerprint = 42, .layout_version = 1};

std::string path_in(const TemporaryDirectory& directory) { return directory.path() + "/" + kId.file_name(); }

size_t file_count(const TemporaryDirectory& directory) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()));
}

void expect_whole(const std::string& path, const std::vector<PackItem>& items) {
  const MappedFile file(path);
  const std::vector<std::byte> expected = pack_in_memory(kId, items);
  ASSERT_EQ(file.bytes().size(), expected.size());
  EXPECT_EQ(std::memcmp(file.bytes().data(), expected.data(), expected.size()), 0);
}

// Runs `work` in a child process; its exit code.
template <typename Work>
int in_child(Work&& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(PackWriter, WritesWhatTheFormatSays) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(write_pack(path_in(directory), kId, made_up_items()));
  expect_whole(path_in(directory), made_up_items());
  EXPECT_EQ(file_count(directory), 1u) << "nothing else is left";
}

TEST(PackWriter, LeavesTheFileToWhoWritesIt) {
  const TemporaryDirectory directory;
  const std::string part = directory.write(kId.file_name() + ".part", "half");
  const int other = ::open(part.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  EXPECT_FALSE(write_pack(path_in(directory), kId, made_up_items()));
  EXPECT_FALSE(fs::exists(path_in(directory)));
  remove_old_packs(directory.path(), 4);
  EXPECT_TRUE(fs::exists(part)) << "it is being written";
  ::close(other);

  EXPECT_TRUE(write_pack(path_in(directory), kId, made_up_items())) << "a dead writer's file is taken over";
  expect_whole(path_in(directory), made_up_items());
  EXPECT_EQ(file_count(directory), 1u);
}

// A writer that is killed at any moment leaves nothing that looks like a pack, and is no obstacle to the next.
TEST(PackWriter, AKilledWriterLeavesNoPack) {
  const TemporaryDirectory directory;
  const std::vector<PackItem> items = made_up_items();
  int unfinished = 0;
  for (int delay_us = 0; delay_us < 6000; delay_us += 400) {
    fs::remove(path_in(directory));
    const pid_t child = ::fork();
    if (child == 0) ::_exit(write_pack(path_in(directory), kId, items) ? 0 : 1);
    ::usleep(static_cast<useconds_t>(delay_us));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (fs::exists(path_in(directory))) {
      expect_whole(path_in(directory), items);
    } else {
      ++unfinished;
    }
  }
  EXPECT_GT(unfinished, 0);
  EXPECT_TRUE(write_pack(path_in(directory), kId, items));
  expect_whole(path_in(directory), items);
}

TEST(PackWriter, ManyThreadsAndProcessesWriteOneWholeFile) {
  const TemporaryDirectory directory;
  const std::vector<PackItem> items = made_up_items();
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int round = 0; round < 20; ++round) write_pack(path_in(directory), kId, items);
      ::_exit(0);
    }
    children.push_back(child);
  }
  std::atomic<bool> is_over{false};
  std::atomic<int> seen{0};
  std::thread reader([&] {
    while (!is_over) {
      try {
        const MappedFile file(path_in(directory));
        parse_pack(file.bytes(), kId, "seen");  // whatever has the name is whole
        ++seen;
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::not_found) << error.what();
      }
    }
  });
  std::vector<std::thread> writers;
  for (int i = 0; i < 3; ++i) {
    writers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) write_pack(path_in(directory), kId, items);
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  is_over = true;
  reader.join();
  EXPECT_GT(seen, 0);
  expect_whole(path_in(directory), items);
  remove_old_packs(directory.path(), 4);
  EXPECT_EQ(file_count(directory), 1u);
}

// A limit on the size of files stands for a full disk: the write fails part of the way.
TEST(PackWriter, AFullDiskIsAnErrorThatLeavesNothing) {
  const TemporaryDirectory directory;
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit = {100'000, 100'000};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 10;
              try {
                write_pack(path_in(directory), kId, made_up_items());
              } catch (const Error& error) {
                return error.code() == ErrorCode::io ? 0 : 11;
              }
              return 12;
            }),
            0);
  EXPECT_EQ(file_count(directory), 0u);
}

TEST(PackWriter, GivesUpWhenItIsToldTo) {
  const TemporaryDirectory directory;
  std::stop_source stop;
  EXPECT_TRUE(write_pack(path_in(directory), kId, made_up_items(), stop.get_token()));
  fs::remove(path_in(directory));
  stop.request_stop();
  try {
    write_pack(path_in(directory), kId, made_up_items(), stop.get_token());
    FAIL() << "it was written";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
  }
  EXPECT_EQ(file_count(directory), 0u);
}

// Bytes of an old pack that changed after they were checked must not get a checksum that calls them right.
TEST(PackWriter, RefusesWhatIsNotWhatItWas) {
  const TemporaryDirectory directory;
  PackItem item = made_up_item("a", 5000, 1);
  item.checksum = matrix_checksum({item.bytes.get(), 5000});
  EXPECT_TRUE(write_pack(path_in(directory), kId, {item}));
  fs::remove(path_in(directory));
  *item.checksum ^= 1;
  EXPECT_THROW(write_pack(path_in(directory), kId, {item}), Error);
  EXPECT_EQ(file_count(directory), 0u);
}

TEST(PackWriter, AFolderThatIsNotThereIsAnError) {
  EXPECT_THROW(write_pack("/proc/estoc/" + kId.file_name(), kId, made_up_items()), Error);
}

TEST(PackWriter, RemovesThePacksUsedLongestAgo) {
  const TemporaryDirectory directory;
  const auto now = fs::file_time_type::clock::now();
  std::vector<std::string> paths;
  for (int i = 0; i < 5; ++i) {
    paths.push_back(directory.write("000000000000000" + std::to_string(i) + ".pack", "x"));
    fs::last_write_time(paths.back(), now - std::chrono::hours(i));
  }
  directory.write("0000000000000009.pack.part", "dead");
  const std::string foreign = directory.write("notes.pack", "somebody's");
  remove_old_packs(directory.path(), 3);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(fs::exists(paths[i]), i < 3) << i;
  EXPECT_FALSE(fs::exists(directory.path() + "/0000000000000009.pack.part"));
  EXPECT_TRUE(fs::exists(foreign));
  remove_old_packs(directory.path() + "/nothing", 3);
}

}  // namespace
}  // namespace estoc
