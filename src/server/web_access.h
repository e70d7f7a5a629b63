// Which web pages may use this server: the rules on the Host and Origin of a request.
//
// Why: any page in a browser on this machine can send requests to http://localhost:8000. Two things keep it out.
// - Host. A page can make a name of its own domain point at this server (DNS rebinding), and the browser then takes
//   both for one site. Such a request names the page's domain as its host, so a host has to be one that no stranger on
//   the Internet can own: an IP address (a browser asks no name server for it, and people behind port mappings use
//   addresses that this machine does not know), a name without a dot (localhost, a container, a service, a machine of
//   the LAN), a name below a top that is for private use (localhost, local, internal, home.arpa), the name given with
//   --host, this machine's own name, or a name allowed by --allow-host.
// - Origin. A browser lets a page of another site read an answer only when the answer says so, and asks before it sends
//   JSON. Neither is granted unless --allow-origin names the page's origin. What a page may send without asking (a
//   form, plain text) is refused, so that it cannot even make the server work.
// None of this matters to programs: they send what they like, and are let in or not by whoever can reach the port.
// Threads: immutable, any. Nothing throws.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace estoc {

struct WebAccessConfig {
  // Names, each also "*.name" for all below it; "*" allows every host.
  std::vector<std::string> hosts;
  // Origins as browsers write them ("https://app.example:8443"); "*" allows every page.
  std::vector<std::string> origins;
};

class WebAccess {
 public:
  // `own_names` are hosts besides: the address listened on, the machine's name.
  explicit WebAccess(WebAccessConfig config = {}, std::vector<std::string> own_names = {});

  // `host` is the header's value, with or without a port. An empty one is allowed: no browser sends it.
  bool allows_host(std::string_view host) const;

  // A page of another site that is not allowed, sending what it may send without asking.
  bool is_unasked(const http::Request& request) const;

  // What answers to `origin` (the header's value, empty when there is none) say to the browser.
  http::Headers headers(std::string_view origin) const;
  // The same for the question that comes before a request.
  http::Headers preflight_headers(std::string_view origin) const;

 private:
  bool allows_origin(std::string_view origin) const;

  std::vector<std::string> hosts_;  // lower case, without a dot at the end
  std::vector<std::string> origins_;
  bool allows_every_host_ = false;
  bool allows_every_origin_ = false;
};

// The name of this machine; empty when the system does not say.
std::string own_host_name();

}  // namespace estoc
