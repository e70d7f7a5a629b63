#include "encoding/encoding_engine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <random>
#include <thread>

#include "base/error.h"
#include "encoding/test_fake_encoder.h"

namespace estoc {
namespace {

using End = EncodeOutcome::End;
using Texts = std::vector<std::vector<TokenId>>;

EncodeJob job_of(const Texts& texts) {
  EncodeJob job;
  for (const auto& text : texts) {
    job.tokens.insert(job.tokens.end(), text.begin(), text.end());
    job.lengths.push_back(static_cast<int>(text.size()));
  }
  return job;
}

EncodeJob job_of_size(int texts, int length) {
  EncodeJob job;
  job.lengths.assign(static_cast<size_t>(texts), length);
  job.tokens.assign(static_cast<size_t>(texts * length), 7);
  return job;
}

std::vector<float> alone(const FakeEncoder& encoder, const Texts& texts) {
  std::vector<float> all;
  for (const auto& text : texts) {
    const std::vector<float> values = encoder.alone(text);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

Texts random_texts(std::mt19937& random, size_t count, size_t longest) {
  Texts texts(count);
  for (auto& text : texts) {
    text.resize(1 + random() % longest);
    for (TokenId& token : text) token = 20 + static_cast<TokenId>(random() % 200);
  }
  return texts;
}

// Long enough that no clock ends a batch.
EncodingConfig unhurried() { return {.batch_tokens_max = 100, .target_batch_s = 1e6}; }

TEST(EncodingEngine, EveryTextGetsItsOwnNumbers) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncodingEngine engine(encoder, unhurried());
  const Texts texts = {{1, 2, 3}, {4}, {1, 2, 3, 4, 5}};
  EXPECT_EQ(engine.submit(job_of(texts), inbox.sink(1)).status, SubmitStatus::accepted);
  const EncodeOutcome outcome = inbox.wait_for(1);
  EXPECT_EQ(outcome.end, End::done);
  EXPECT_EQ(outcome.results, alone(encoder, texts));
  EXPECT_EQ(encoder.batches(), (std::vector<std::vector<int>>{{3, 1, 5}}));
}

TEST(EncodingEngine, SegmentsReachTheEncoderBesideTextsWithoutAny) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingEngine engine(encoder, unhurried());
  engine.submit(job_of({{9}}), inbox.sink(0));
  gate.wait_until_reached();
  EncodeJob pair = job_of({{1, 2, 3}, {4, 5}});
  pair.segments = {0, 1, 1, 0, 1};
  engine.submit(std::move(pair), inbox.sink(1));
  engine.submit(job_of({{6, 7}}), inbox.sink(2));
  gate.open();
  std::vector<float> expected = encoder.alone({1, 2, 3}, {0, 1, 1});
  const std::vector<float> second = encoder.alone({4, 5}, {0, 1});
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(inbox.wait_for(1).results, expected);
  EXPECT_EQ(inbox.wait_for(2).results, encoder.alone({6, 7}));
  EXPECT_EQ(encoder.batches().size(), 2u);
}

TEST(EncodingEngine, ABatchHasNoMoreTokensNorTextsThanItMay) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncodingEngine engine(encoder, {.batch_tokens_max = 100, .batch_texts_max = 3, .target_batch_s = 1e6});
  engine.submit(job_of_size(7, 10), inbox.sink(1));
  engine.submit(job_of_size(5, 45), inbox.sink(2));
  inbox.wait_for(1);
  inbox.wait_for(2);
  for (const auto& lengths : encoder.batches()) {
    EXPECT_LE(std::accumulate(lengths.begin(), lengths.end(), 0), 100);
    EXPECT_LE(lengths.size(), 3u);
  }
}

TEST(EncodingEngine, ABatchEndsWhereItsTimeDoes) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  encoder.before_encode = [](const EncoderBatch& batch) {
    std::this_thread::sleep_for(std::chrono::microseconds(100 * batch.tokens.size()));
  };
  EncodingEngine engine(encoder, {.batch_tokens_max = 2000, .batch_texts_max = 1000, .target_batch_s = 0.01});
  engine.submit(job_of_size(100, 10), inbox.sink(0));  // before the time is known a batch may be any
  inbox.wait_for(0);
  const size_t before = encoder.batches().size();
  engine.submit(job_of_size(200, 10), inbox.sink(1));
  inbox.wait_for(1);
  const auto batches = encoder.batches();
  const size_t count = batches.size() - before;  // 0.01 s are 10 texts, and fewer where others use the machine
  EXPECT_GT(count, 12u);
  EXPECT_LT(count, 150u);
}

TEST(EncodingEngine, ManyThreadsGetWhatOneWouldGetAlone) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncodingEngine engine(encoder, unhurried());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (unsigned thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      for (int i = 0; i < 20; ++i) {
        const Texts texts = random_texts(random, 1 + random() % 30, 50);
        const int number = static_cast<int>(thread) * 100 + i;
        if (engine.submit(job_of(texts), inbox.sink(number)).status != SubmitStatus::accepted) ++wrong;
        if (inbox.wait_for(number).results != alone(encoder, texts)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  const EncodingStats stats = engine.stats();
  EXPECT_EQ(stats.engine.requests_done, 320u);
  EXPECT_EQ(stats.texts.waiting_tokens, 0);
  EXPECT_EQ(stats.engine.queue_work_s, 0);
  EXPECT_EQ(stats.engine.running, 0);
  EXPECT_EQ(stats.engine.waiting, 0);
  EXPECT_EQ(stats.engine.e2e_s.count(), 320u);
}

TEST(EncodingEngine, WhatIsCancelledIsNotComputedAndSaysSo) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingEngine engine(encoder, unhurried());
  const RequestId running = engine.submit(job_of_size(30, 10), inbox.sink(1)).id;
  gate.wait_until_reached();
  const RequestId waiting = engine.submit(job_of_size(30, 10), inbox.sink(2)).id;
  engine.submit(job_of({{1, 2}}), inbox.sink(3));
  engine.cancel(running);
  engine.cancel(waiting);
  engine.cancel(waiting);
  engine.cancel(12345);
  gate.open();
  EXPECT_EQ(inbox.wait_for(1).end, End::cancelled);
  EXPECT_EQ(inbox.wait_for(2).end, End::cancelled);
  EXPECT_EQ(inbox.wait_for(3).results, encoder.alone({1, 2}));
  EXPECT_EQ(encoder.batches().size(), 2u);
  const EncodingStats stats = engine.stats();
  EXPECT_EQ(stats.engine.requests_cancelled, 2u);
  EXPECT_EQ(stats.texts.waiting_tokens, 0);
}

TEST(EncodingEngine, ATextThatBecomesNoNumbersFailsAlone) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingEngine engine(encoder, unhurried());
  engine.submit(job_of({{1}}), inbox.sink(0));
  gate.wait_until_reached();
  engine.submit(job_of({{1, 2}, {FakeEncoder::kPoison}, {5, FakeEncoder::kPoison}, {3}}), inbox.sink(1));
  engine.submit(job_of({{3, 4}}), inbox.sink(2));
  gate.open();
  const EncodeOutcome failed = inbox.wait_for(1);
  EXPECT_EQ(failed.end, End::failed);
  EXPECT_EQ(failed.error, "the model computed no numbers for text 1");
  EXPECT_EQ(inbox.wait_for(2).results, encoder.alone({3, 4}));
  EXPECT_EQ(engine.stats().engine.requests_failed, 1u);
}

TEST(EncodingEngine, RefusesWhatItsQueueHasNoRoomFor) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingConfig config = unhurried();
  config.queue_tokens_max = 1000;
  config.queue_max = 3;
  EncodingEngine engine(encoder, config);
  EXPECT_EQ(engine.submit(job_of_size(100, 20), inbox.sink(0)).status, SubmitStatus::accepted);  // alone: any size
  gate.wait_until_reached();
  const SubmitResult refused = engine.submit(job_of({{1}}), inbox.sink(1));
  EXPECT_EQ(refused.status, SubmitStatus::queue_full);
  EXPECT_GE(refused.retry_after_s, 1);
  EXPECT_EQ(engine.stats().engine.requests_refused, 1u);
  gate.open();
  inbox.wait_for(0);
}

TEST(EncodingEngine, RefusesMoreJobsThanMayWait) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingConfig config = unhurried();
  config.queue_max = 3;
  EncodingEngine engine(encoder, config);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(engine.submit(job_of({{1}}), inbox.sink(i)).status, SubmitStatus::accepted);
  EXPECT_EQ(engine.submit(job_of({{1}}), inbox.sink(9)).status, SubmitStatus::queue_full);
  gate.open();
  inbox.wait_for(2);
}

TEST(EncodingEngine, RefusesResultsThatItHasNoMemoryFor) {
  OutcomeInbox inbox;
  FakeEncoder encoder(100);
  EncoderGate gate(encoder);
  EncodingConfig config = unhurried();
  config.result_bytes_max = 10 * 100 * sizeof(float);
  EncodingEngine engine(encoder, config);
  EXPECT_EQ(engine.submit(job_of_size(8, 1), inbox.sink(0)).status, SubmitStatus::accepted);
  EXPECT_EQ(engine.submit(job_of_size(3, 1), inbox.sink(1)).status, SubmitStatus::queue_full);
  EXPECT_EQ(engine.submit(job_of_size(2, 1), inbox.sink(2)).status, SubmitStatus::accepted);
  gate.open();
  inbox.wait_for(2);
}

TEST(EncodingEngine, RefusesWhatWouldWaitLongerThanItMay) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncodingConfig config = unhurried();
  config.batch_tokens_max = 50;
  config.queue_work_max_s = 1;
  EncodingEngine engine(encoder, config);
  encoder.before_encode = [](const EncoderBatch& batch) {
    std::this_thread::sleep_for(std::chrono::microseconds(200 * batch.tokens.size()));
  };
  engine.submit(job_of_size(20, 50), inbox.sink(0));  // 10 ms each: now it knows
  inbox.wait_for(0);
  EncodeJob hurried = job_of({{1}});
  hurried.timeout = std::chrono::milliseconds(50);
  engine.submit(job_of_size(40, 50), inbox.sink(1));
  EXPECT_EQ(engine.submit(hurried, inbox.sink(2)).status, SubmitStatus::queue_full);  // 400 ms before it
  EXPECT_EQ(engine.submit(job_of_size(10, 50), inbox.sink(3)).status, SubmitStatus::accepted);
  EXPECT_EQ(engine.submit(job_of_size(100, 50), inbox.sink(4)).status,
            SubmitStatus::queue_full);  // a second of its own
  inbox.wait_for(3);
}

TEST(EncodingEngine, JobsHaveDeadlines) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingConfig config = unhurried();
  config.queue_timeout_s = 0.05;
  EncodingEngine engine(encoder, config);
  engine.submit(job_of({{1}}), inbox.sink(0));
  gate.wait_until_reached();
  EncodeJob hurried = job_of({{1, 2}});
  hurried.timeout = std::chrono::milliseconds(20);
  engine.submit(std::move(hurried), inbox.sink(1));
  engine.submit(job_of({{3}}), inbox.sink(2));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  gate.open();
  EXPECT_EQ(inbox.wait_for(0).end, End::done);  // it had begun
  const EncodeOutcome own = inbox.wait_for(1), queued = inbox.wait_for(2);
  EXPECT_EQ(own.end, End::timeout);
  EXPECT_EQ(own.error, "the request's timeout of 0.02 s has passed");
  EXPECT_EQ(own.retry_after_s, 0);
  EXPECT_EQ(queued.end, End::timeout);
  EXPECT_EQ(queued.retry_after_s, 1);
  EXPECT_EQ(engine.stats().engine.requests_timed_out, 2u);
}

TEST(EncodingEngine, DrainsAndTakesNothingMore) {
  OutcomeInbox inbox;
  FakeEncoder encoder;
  EncoderGate gate(encoder);
  EncodingEngine engine(encoder, unhurried());
  engine.submit(job_of_size(50, 10), inbox.sink(0));
  EXPECT_FALSE(engine.drain(std::chrono::milliseconds(20)));
  EXPECT_EQ(engine.submit(job_of({{1}}), inbox.sink(1)).status, SubmitStatus::stopping);
  gate.open();
  EXPECT_TRUE(engine.drain(std::chrono::seconds(60)));
  EXPECT_TRUE(inbox.has(0));
}

TEST(EncodingEngine, WhoIsUnfinishedAtItsEndIsTold) {
  FakeEncoder encoder;
  encoder.before_encode = [](const EncoderBatch&) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  OutcomeInbox inbox;
  {
    EncodingEngine engine(encoder, unhurried());
    engine.submit(job_of_size(500, 50), inbox.sink(0));  // 5 s of work
    engine.submit(job_of_size(500, 50), inbox.sink(1));
  }
  EXPECT_EQ(inbox.wait_for(0).end, End::cancelled);
  EXPECT_EQ(inbox.wait_for(1).end, End::cancelled);
  EXPECT_LT(encoder.batches().size(), 100u);
}

TEST(EncodingEngine, ImpossibleJobsAreRefusedInWords) {
  FakeEncoder encoder;
  EncodingEngine engine(encoder, {.context = 20, .batch_tokens_max = 100});
  EXPECT_EQ(engine.tokens_max(), 20);
  const auto refusal = [&](EncodeJob job) {
    try {
      engine.submit(std::move(job), [](EncodeOutcome&&) {});
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal({}), "a job has no texts");
  EXPECT_EQ(refusal(job_of({{1}, {}})), "a text has 0 tokens, expected 1 to 20");
  EXPECT_EQ(refusal(job_of_size(1, 21)), "a text has 21 tokens, expected 1 to 20");
  EXPECT_EQ(refusal(job_of({{300}})), "token 300 is not in the vocabulary of 300");
  EXPECT_EQ(refusal(job_of({{-1}})), "token -1 is not in the vocabulary of 300");
  EncodeJob wrong = job_of({{1, 2}});
  wrong.tokens.pop_back();
  EXPECT_EQ(refusal(wrong), "a job's texts have 2 tokens, but it has 1 and segments of 0");
  wrong = job_of({{1, 2}});
  wrong.segments = {1};
  EXPECT_EQ(refusal(wrong), "a job's texts have 2 tokens, but it has 2 and segments of 1");
  EXPECT_EQ(refusal(job_of_size(2, 20)), "accepted");
}

TEST(EncodingEngine, AScratchHoldsTheLongestText) {
  FakeEncoder encoder;
  const EncodingEngine engine(encoder, {.batch_tokens_max = 8});
  EXPECT_EQ(engine.config().batch_tokens_max, 50);
  EXPECT_THROW(EncodingEngine(encoder, {.batch_texts_max = 0}), Error);
}

}  // namespace
}  // namespace estoc
