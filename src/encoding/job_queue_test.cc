#include "encoding/job_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace estoc {
namespace {

const Clock::time_point kStart{};

std::unique_ptr<OpenJob> job_of(RequestId id, std::vector<int> lengths, const std::string& client = "",
                                int priority = 0) {
  auto job = std::make_unique<OpenJob>();
  job->id = id;
  job->job.tokens.resize(static_cast<size_t>(std::accumulate(lengths.begin(), lengths.end(), 0)));
  job->job.lengths = std::move(lengths);
  job->job.client = client;
  job->job.priority = priority;
  job->submitted_at = job->advanced_at = kStart;
  return job;
}

// The texts of a batch of so many tokens; jobs that have none left are removed.
std::vector<ChosenText> batch_of(JobQueue& jobs, int tokens, Clock::time_point now = kStart) {
  std::vector<ChosenText> chosen;
  int used = 0;
  jobs.choose(now, chosen, [&](int length) {
    if (used + length > tokens) return false;
    used += length;
    return true;
  });
  return chosen;
}

// "1:0 1:1 2:0": jobs and texts.
std::string names(const std::vector<ChosenText>& chosen) {
  std::string out;
  for (const ChosenText& text : chosen) {
    out += (out.empty() ? "" : " ") + std::to_string(text.job->id) + ":" + std::to_string(text.text);
  }
  return out;
}

TEST(JobQueue, JobsTakeTurns) {
  JobQueue jobs;
  jobs.add(job_of(1, {10, 10, 10, 10}));
  jobs.add(job_of(2, {10, 10}));
  EXPECT_EQ(names(batch_of(jobs, 45)), "1:0 2:0 1:1 2:1");
  EXPECT_EQ(names(batch_of(jobs, 45)), "1:2 1:3");
  EXPECT_EQ(names(batch_of(jobs, 45)), "");
}

TEST(JobQueue, ATextKnowsItsTokens) {
  JobQueue jobs;
  jobs.add(job_of(1, {3, 5, 7}));
  const auto chosen = batch_of(jobs, 100);
  ASSERT_EQ(chosen.size(), 3u);
  EXPECT_EQ(chosen[2].first_token, 8u);
  EXPECT_EQ(chosen[2].length, 7);
  EXPECT_EQ(chosen[2].job->tokens_left(), 0u);
}

TEST(JobQueue, AShortTextPassesLongJobs) {
  JobQueue jobs;
  for (RequestId id = 1; id <= 100; ++id) jobs.add(job_of(id, std::vector<int>(100, 200)));
  for (int i = 0; i < 7; ++i) batch_of(jobs, 2000);
  jobs.add(job_of(101, {20}));
  EXPECT_EQ(names(batch_of(jobs, 2000)).substr(0, 5), "101:0");
}

TEST(JobQueue, LongTextsOfANewcomerPassNobodyTwice) {
  JobQueue jobs;
  jobs.add(job_of(1, std::vector<int>(100, 10)));
  batch_of(jobs, 500);
  jobs.add(job_of(2, std::vector<int>(100, 10)));  // begins where the other stands: it has no turns to catch up with
  EXPECT_EQ(names(batch_of(jobs, 40)), "1:50 2:0 1:51 2:1");
}

TEST(JobQueue, ClientsShareEvenlyHoweverManyJobsTheyHave) {
  JobQueue jobs;
  for (RequestId id = 1; id <= 9; ++id) jobs.add(job_of(id, std::vector<int>(100, 10), "many"));
  jobs.add(job_of(10, std::vector<int>(100, 10), "one"));
  int of_one = 0, all = 0;
  for (int i = 0; i < 10; ++i) {
    for (const ChosenText& text : batch_of(jobs, 100)) of_one += text.job->id == 10, ++all;
  }
  EXPECT_EQ(all, 100);
  EXPECT_NEAR(of_one, 50, 1);
}

TEST(JobQueue, MoreUrgentClassesComeFirst) {
  JobQueue jobs;
  jobs.add(job_of(1, {10, 10, 10}, "", 5));
  jobs.add(job_of(2, {10, 10, 10}, "", -5));
  EXPECT_EQ(names(batch_of(jobs, 40)), "2:0 2:1 2:2 1:0");
}

TEST(JobQueue, NobodyStarves) {
  JobQueue jobs;
  jobs.add(job_of(1, {10, 10}, "", 5));
  jobs.add(job_of(2, std::vector<int>(100, 10), "", 0));
  const auto late = kStart + JobQueue::kAgeingLimit + std::chrono::seconds(1);
  EXPECT_EQ(names(batch_of(jobs, 20, kStart + JobQueue::kAgeingLimit)), "2:0 2:1");
  EXPECT_EQ(names(batch_of(jobs, 20, late)), "1:0 2:2");  // one text, and then it waits again
}

TEST(JobQueue, ATextThatDoesNotFitIsTheFirstOfTheNextBatch) {
  JobQueue jobs;
  jobs.add(job_of(1, {60, 60}));
  jobs.add(job_of(2, {30, 30, 30, 30, 30, 30}));
  EXPECT_EQ(names(batch_of(jobs, 100)), "2:0 1:0");
  EXPECT_EQ(names(batch_of(jobs, 100)), "2:1 2:2 2:3");
  EXPECT_EQ(names(batch_of(jobs, 100)), "1:1 2:4");
}

TEST(JobQueue, WhatIsRemovedIsGone) {
  JobQueue jobs;
  jobs.add(job_of(1, {10, 10}));
  jobs.add(job_of(2, {10}));
  EXPECT_EQ(jobs.remove(1)->id, 1u);
  EXPECT_EQ(jobs.remove(1), nullptr);
  EXPECT_EQ(names(batch_of(jobs, 100)), "2:0");
  EXPECT_EQ(jobs.count(), 1);
}

// Random jobs of a few clients come, go and are cancelled, over many batches: texts come in order and once; a batch
// never leaves out what fits; and while two jobs of a client are open neither gets ahead by more than a text or two.
TEST(JobQueue, HoldsItsPromisesInASimulation) {
  constexpr int kBudget = 200, kLongest = 90;
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    JobQueue jobs;
    std::map<RequestId, size_t> expected;
    RequestId last = 0;
    int computed = 0;
    for (int turn = 0; turn < 200 || (jobs.count() > 0 && turn < 3000); ++turn) {
      for (int n = static_cast<int>(random() % 3); n > 0 && turn < 200; --n) {
        std::vector<int> lengths(1 + random() % (random() % 5 == 0 ? 60 : 4));
        for (int& length : lengths) length = 1 + static_cast<int>(random() % kLongest);
        const std::string client(1, static_cast<char>('a' + random() % 3));
        jobs.add(job_of(++last, lengths, client));
        expected[last] = 0;
      }
      if (random() % 7 == 0 && last > 0) {
        const RequestId id = 1 + random() % last;
        jobs.remove(id);
        expected.erase(id);
      }
      const auto chosen = batch_of(jobs, kBudget);
      int used = 0;
      std::set<RequestId> ended;
      for (const ChosenText& text : chosen) {
        ASSERT_EQ(text.text, expected.at(text.job->id)++);
        used += text.length;
        if (text.text + 1 == text.job->text_count()) ended.insert(text.job->id);
      }
      computed += used;
      std::map<std::string, std::pair<double, double>> spread;
      jobs.for_each([&](const OpenJob& job) {
        if (job.is_all_chosen()) return;
        ASSERT_GT(job.job.lengths[job.next_text], kBudget - used) << "there was room for it";
        auto [at, is_new] = spread.try_emplace(job.job.client, job.virtual_time, job.virtual_time);
        at->second.first = std::min(at->second.first, job.virtual_time);
        at->second.second = std::max(at->second.second, job.virtual_time);
      });
      for (const auto& [client, times] : spread) ASSERT_LE(times.second - times.first, 2 * kLongest + kBudget);
      for (const RequestId id : ended) {
        jobs.remove(id);
        expected.erase(id);
      }
    }
    EXPECT_EQ(jobs.count(), 0);
    EXPECT_GT(computed, 1000);
  }
}

}  // namespace
}  // namespace estoc
