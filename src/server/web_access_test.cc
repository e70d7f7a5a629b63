#include "server/web_access.h"

#include <gtest/gtest.h>

namespace estoc {
namespace {

std::string header(const http::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(WebAccess, HostsThatNoStrangerCanOwnAreAllowed) {
  const WebAccess access({}, {"0.0.0.0", "box.lan.example"});
  for (const char* host :
       {"localhost", "localhost:8000", "LOCALHOST.:80", "app.localhost", "127.0.0.1:8000", "192.168.1.7", "[::1]:8000",
        "[fe80::1%eth0]:1", "::1", "estoc:8000", "gpu-box", "estoc.default.svc.cluster.local", "box.local:8000",
        "llm.internal", "pi.home.arpa", "box.lan.example:8000", "Box.LAN.example", "0.0.0.0:8000", ""}) {
    EXPECT_TRUE(access.allows_host(host)) << host;
  }
}

TEST(WebAccess, OtherHostsAreNot) {
  const WebAccess access({}, {"box.lan.example"});
  for (const char* host : {"evil.example", "evil.example:8000", "evil.example.", "127.0.0.1.evil.example", "1.2.3.4.5",
                           "localhost.evil.example", "xlocal.example", "[evil.example]:80", "lan.example", ":80", "[",
                           "a.box.lan.example"}) {
    EXPECT_FALSE(access.allows_host(host)) << host;
  }
}

TEST(WebAccess, HostsAreAllowedByName) {
  const WebAccess access({.hosts = {"LLM.example.org", "*.apps.example"}, .origins = {}});
  EXPECT_TRUE(access.allows_host("llm.example.org:443"));
  EXPECT_TRUE(access.allows_host("one.apps.example"));
  EXPECT_FALSE(access.allows_host("apps.example"));
  EXPECT_FALSE(access.allows_host("evilapps.example"));
  EXPECT_FALSE(access.allows_host("example.org"));
  EXPECT_TRUE(WebAccess({.hosts = {"*"}, .origins = {}}).allows_host("evil.example"));
}

TEST(WebAccess, WithoutOriginsNothingIsSaidToBrowsers) {
  const WebAccess access;
  EXPECT_TRUE(access.headers("http://evil.example").empty());
  EXPECT_TRUE(access.preflight_headers("http://evil.example").empty());
}

TEST(WebAccess, AnAllowedOriginIsNamedAndOthersAreNot) {
  const WebAccess access({.hosts = {}, .origins = {"https://app.example:8443"}});
  const http::Headers allowed = access.headers("https://app.example:8443");
  EXPECT_EQ(header(allowed, "Access-Control-Allow-Origin"), "https://app.example:8443");
  EXPECT_EQ(header(allowed, "Vary"), "Origin");
  EXPECT_EQ(header(access.preflight_headers("https://APP.example:8443"), "Access-Control-Allow-Methods"),
            "GET, POST, OPTIONS");
  for (const char* other :
       {"https://app.example", "http://app.example:8443", "null", "", "https://app.example:8443/"}) {
    EXPECT_EQ(access.headers(other), (http::Headers{{"Vary", "Origin"}})) << other;
    EXPECT_EQ(access.preflight_headers(other), (http::Headers{{"Vary", "Origin"}})) << other;
  }
  EXPECT_EQ(header(WebAccess({.hosts = {}, .origins = {"*"}}).headers("null"), "Access-Control-Allow-Origin"), "*");
}

TEST(WebAccess, WhatPagesSendWithoutAskingIsKnown) {
  const WebAccess access({.hosts = {}, .origins = {"https://app.example"}});
  const auto is_unasked = [&](std::string method, http::Headers headers) {
    http::Request request;
    request.method = std::move(method);
    request.headers = std::move(headers);
    return access.is_unasked(request);
  };
  EXPECT_TRUE(is_unasked("POST", {{"Origin", "http://evil.example"}, {"Content-Type", "text/plain"}}));
  EXPECT_TRUE(is_unasked("POST", {{"Origin", "null"}}));
  EXPECT_TRUE(is_unasked("POST", {{"Host", "localhost"}, {"Origin", "http://localhost:3000"}}));
  EXPECT_FALSE(is_unasked("POST", {{"Host", "localhost:80"}, {"Origin", "http://localhost:80"}}));
  EXPECT_FALSE(is_unasked("POST", {{"Origin", "https://app.example"}, {"Content-Type", "text/plain"}}));
  EXPECT_FALSE(is_unasked("POST", {{"Content-Type", "text/plain"}}));  // no browser
  EXPECT_FALSE(is_unasked("GET", {{"Origin", "http://evil.example"}}));
  // This it may send only after a preflight that said yes, or it is no browser.
  EXPECT_FALSE(is_unasked("POST", {{"Origin", "http://evil.example"}, {"Content-Type", "application/json; x"}}));
}

}  // namespace
}  // namespace estoc
