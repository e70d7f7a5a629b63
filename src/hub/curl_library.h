// libcurl, opened when something is to be fetched and not before.
//
// It brings some thirty libraries with it, which would cost every start three milliseconds and their pages; a server on
// models that are there never needs it, nor has it to be installed for that.
// Threads: any. Errors: Error{unsupported} where it is not installed.
// Internal to hub/.
#pragma once

#include <curl/curl.h>

namespace estoc {

struct CurlLibrary {
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
};

// Loaded at the first call, and kept.
const CurlLibrary& curl_library();

}  // namespace estoc
