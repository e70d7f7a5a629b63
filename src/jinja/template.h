// The one door of this room: a Jinja template, compiled once and rendered with a caller's JSON.
//
// What: a template of the dialect Hugging Face's tokenizers use (trim_blocks, lstrip_blocks, loop controls,
// tojson without HTML escapes, raise_exception, strftime_now, `generation` blocks), run in a sandbox with limits on
// steps, depth and output because templates come from downloaded files. What differs from Jinja is in
// docs/TEMPLATES.md.
// Threads: immutable after compilation; render may be called from any thread at once.
// Errors: the constructor throws Error{corrupt_file} with line and reason; render throws Error{invalid_argument}
// with the template's own words when it calls raise_exception, or the place and reason of a failing expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace estoc::jinja {

class Template {
 public:
  // `name` is used in messages only.
  explicit Template(std::string_view source, std::string name = "chat template");
  ~Template();
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;

  // `variables` is an object: messages, tools, add_generation_prompt, bos_token, eos_token and whatever else the
  // caller passes through. Names the object lacks are undefined in the template. `now` is the time strftime_now sees
  // (seconds since 1970, local time); 0 means the present.
  std::string render(const Json& variables, int64_t now = 0) const;

 private:
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace estoc::jinja
