// Event streams in one piece, byte by byte and cut in two everywhere give the same events.
#include "http/sse_parser.h"

#include <gtest/gtest.h>

#include <vector>

namespace estoc::http {
namespace {

using Events = std::vector<std::string>;

Events events_of(std::string_view bytes) {
  const auto parse = [&](std::initializer_list<std::string_view> pieces) {
    SseParser parser;
    Events events;
    for (const std::string_view piece : pieces) {
      EXPECT_TRUE(parser.feed(piece, [&](std::string_view data) { events.emplace_back(data); }));
    }
    return events;
  };
  const Events whole = parse({bytes});
  for (size_t cut = 1; cut < bytes.size(); ++cut) {
    EXPECT_EQ(parse({bytes.substr(0, cut), bytes.substr(cut)}), whole) << "cut at " << cut;
  }
  SseParser parser;
  Events bytewise;
  for (const char c : bytes) {
    parser.feed(std::string_view(&c, 1), [&](std::string_view data) { bytewise.emplace_back(data); });
  }
  EXPECT_EQ(bytewise, whole);
  return whole;
}

TEST(SseParser, one_event_a_paragraph) {
  EXPECT_EQ(events_of("data: {\"a\":1}\n\ndata:[DONE]\n\n"), (Events{"{\"a\":1}", "[DONE]"}));
}

TEST(SseParser, all_line_ends) {
  EXPECT_EQ(events_of("data: a\r\n\r\ndata: b\r\rdata: c\n\n\r\ndata: d\r\n\n"), (Events{"a", "b", "c", "d"}));
}

TEST(SseParser, lines_of_one_event_are_joined) {
  EXPECT_EQ(events_of("data: a\ndata:  b\ndata\ndata:c\n\n"), (Events{"a\n b\n\nc"}));
}

TEST(SseParser, comments_and_other_fields_are_skipped) {
  EXPECT_EQ(events_of(": ping\n\nevent: x\nid: 3\nretry: 5\ndata: a\ndatax: b\n data: c\n\nevent: y\n\n"),
            (Events{"a"}));
}

TEST(SseParser, a_byte_order_mark_only_at_the_start) {
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: a\n\n\xEF\xBB\xBF"
                      "data: b\n\ndata: c\n\n"),
            (Events{"a", "c"}));
}

TEST(SseParser, an_event_without_its_end_does_not_count) {
  EXPECT_EQ(events_of("data: a\n\ndata: b\n"), (Events{"a"}));
  EXPECT_EQ(events_of("data: b"), Events{});
}

TEST(SseParser, too_large_an_event_ends_it) {
  for (const bool has_lines : {false, true}) {
    SseParser parser(1000);
    int events = 0;
    const auto count = [&](std::string_view) { ++events; };
    EXPECT_TRUE(parser.feed("data: " + std::string(900, 'x') + "\n\n", count));
    bool goes_on = true;
    size_t fed = 0;
    for (; goes_on && fed < 100'000; fed += 10) goes_on = parser.feed(has_lines ? "data: 123\n" : "data: 1234", count);
    EXPECT_FALSE(goes_on);
    EXPECT_LE(fed, 3010u);
    EXPECT_FALSE(parser.feed("\n\ndata: a\n\n", count));
    EXPECT_EQ(events, 1);
  }
}

}  // namespace
}  // namespace estoc::http
