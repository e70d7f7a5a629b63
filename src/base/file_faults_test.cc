#include "base/file_faults.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "base/mapped_file.h"
#include "base/test_directory.h"

namespace estoc {
namespace {

constexpr int kCode = 3;
constexpr size_t kBytes = 64 << 10;

std::byte touch(const MappedFile& file, size_t at) {
  return *const_cast<const volatile std::byte*>(file.bytes().data() + at);
}

// Each runs in a child: the fault ends it. `later` is done with a mapped file that was cut to one page.
template <typename Later>
void with_short_file(const TemporaryDirectory& directory, Later&& later) {
  const std::string path = directory.write("model.gguf", std::string(kBytes, 'x'));
  end_on_file_faults(kCode);
  MappedFile file(path);
  std::filesystem::resize_file(path, 4096);
  later(std::move(file));
  std::_Exit(0);
}

TEST(FileFaultsDeathTest, NamesTheFileThatWasCutShort) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(with_short_file(directory, [](const MappedFile& file) { touch(file, 8192 + 5); }),
              testing::ExitedWithCode(kCode),
              "estoc: .*/model.gguf: byte 8197 is gone while the file is in use: it was cut short");
}

TEST(FileFaultsDeathTest, AMovedMappingIsStillKnown) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(with_short_file(directory,
                              [](MappedFile&& file) {
                                MappedFile first(std::move(file)), second;
                                second = std::move(first);
                                touch(second, kBytes - 1);
                              }),
              testing::ExitedWithCode(kCode), "model.gguf: byte 65535 is gone");
}

TEST(FileFaultsDeathTest, ManyThreadsEndInOneSentence) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(with_short_file(directory,
                              [](const MappedFile& file) {
                                std::vector<std::thread> threads;
                                for (int i = 0; i < 8; ++i) threads.emplace_back([&] { touch(file, 4096); });
                                for (std::thread& thread : threads) thread.join();
                              }),
              testing::ExitedWithCode(kCode), "^estoc: [^\n]*byte 4096[^\n]*\n$");
}

TEST(FileFaultsDeathTest, WhatIsLeftOfTheFileIsReadAsBefore) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(with_short_file(directory, [](const MappedFile& file) { touch(file, 4095); }), testing::ExitedWithCode(0),
              "^$");
}

// Not ours: as without the handler. Under a sanitizer that is the sanitizer's, which reports the error and exits.
bool ends_as_without_the_handler(int status) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return WIFEXITED(status) && WEXITSTATUS(status) != kCode;
#else
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
#endif
}

TEST(FileFaultsDeathTest, OtherBusErrorsEndByTheSignal) {
  const TemporaryDirectory directory;
  EXPECT_EXIT(with_short_file(directory,
                              [](const MappedFile& file) {
                                forget_mapping(file.bytes().data());
                                touch(file, 8192);
                              }),
              ends_as_without_the_handler, "");
}

// More files than there is room for: the rest has no names, nothing else happens.
TEST(FileFaults, SurvivesManyMappings) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("f", "x");
  std::vector<MappedFile> files;
  for (int i = 0; i < 1500; ++i) files.emplace_back(path);
  EXPECT_EQ(touch(files.back(), 0), std::byte{'x'});
}

}  // namespace
}  // namespace estoc
