// One file from the web to the disk: over several connections, going on where an earlier try stopped, checked before it
// gets its name.
//
// What: pieces are fetched by ranges and recorded (hub/part_file.h); a server that knows no ranges sends all in one.
// What is in order is hashed while the rest comes. A wrong digest throws the file away, once to fetch it anew. Threads:
// the session's. Processes: the lock lets one at a time fetch a file; the others find it there. Errors: Error{io,
// resource_exhausted, corrupt_file} in one sentence, and what `refuse` throws.
#pragma once

#include <functional>
#include <string>

#include "hub/digest.h"
#include "hub/web_reader.h"

namespace estoc {

struct FileDownload {
  std::string name;  // for people
  WebUrl url;
  WebCredential credential = {};
  uint64_t size = 0;
  Digest digest = {};    // Kind::none: the size alone is checked
  std::string identity;  // one line by which an unfinished file is known again: the digest, or an ETag
  std::string target;
  bool checks_target = false;  // what is there has to have the size and digest, or is fetched anew
  std::string part;            // where it grows, beside the target
  std::string lock;
  // Throws for an answer that is no content: says what the status means.
  std::function<void(const WebHead&)> refuse = {};
};

struct DownloadListener {
  Note note = {};
  std::function<void(uint64_t had)> progress = {};  // bytes of this file
};

// Does nothing when the target is there (and right). Folders must exist.
void download_file(WebSession& session, const FileDownload& file, const DownloadListener& listener);

}  // namespace estoc
