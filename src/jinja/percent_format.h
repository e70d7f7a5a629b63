// Python's printf-style formatting: "%s of %d" % values. `arguments` is one value, a tuple of them or a dict for
// %(name)s. Errors: Failure for a wrong count or kind.
#pragma once

#include "jinja/value.h"

namespace estoc::jinja {

Value percent_format(const Value& format, const Value& arguments);

}  // namespace estoc::jinja
