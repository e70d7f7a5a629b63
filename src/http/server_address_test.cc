#include "http/server_address.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "http/listen_socket.h"

namespace estoc::http {
namespace {

void expect_url(const char* text, const char* host, int port, const char* path, const char* authority) {
  const auto url = parse_url(text);
  ASSERT_TRUE(url) << text;
  EXPECT_EQ(url->server.host, host) << text;
  EXPECT_EQ(url->server.port, port) << text;
  EXPECT_EQ(url->path, path) << text;
  EXPECT_EQ(url->server.authority(), authority) << text;
}

TEST(ServerAddress, is_read_from_a_url) {
  expect_url("http://127.0.0.1:8000", "127.0.0.1", 8000, "", "127.0.0.1:8000");
  expect_url("http://host/", "host", 80, "", "host:80");
  expect_url("http://host:1/proxy/v1//", "host", 1, "/proxy/v1", "host:1");
  expect_url("http://[::1]:65535/x", "::1", 65535, "/x", "[::1]:65535");
  expect_url("http://[::1]", "::1", 80, "", "[::1]:80");
}

TEST(ServerAddress, what_is_no_url) {
  for (const char* text : {"", "host", "https://host", "http://", "http:///x", "http://host:", "http://host:0",
                           "http://host:65536", "http://host:8a", "http://:80", "http://[]", "http://a@host",
                           "http://host?x", "http://host#x", "http://ho st", " http://host"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(ServerAddress, is_found_where_somebody_listens) {
  const int listening = open_listen_socket("127.0.0.1", 0);
  ServerAddress server{.host = "localhost", .port = local_port(listening)};
  find_address(server);
  const int fd = start_connection(server);
  EXPECT_GE(fd, 0);
  ::close(fd);
  ::close(listening);
}

TEST(ServerAddress, tells_when_nobody_listens) {
  try {
    ServerAddress server{.host = "127.0.0.1", .port = 1};
    find_address(server);
    FAIL() << "somebody listens on port 1";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::io);
    EXPECT_STREQ(error.what(), "cannot connect to 127.0.0.1:1: Connection refused");
  }
}

}  // namespace
}  // namespace estoc::http
