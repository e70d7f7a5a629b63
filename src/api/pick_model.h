// Which of the served models a request is for.
//
// Errors: throws ApiError{not_found, "model_not_found"} for a name that is not served, and
// ApiError{unsupported, "model_not_supported"} for a model that does not do what the endpoint is for.
#pragma once

#include "api/fields.h"
#include "api/served_model.h"

namespace estoc::api {

// The model that `model` names, or the first that generates when it is absent.
const ServedModel& pick_generator(Fields& fields, const Models& models);

// The same of those that make vectors.
const ServedModel& pick_embedder(Fields& fields, const Models& models);

// The same of those that compare texts: by scoring pairs of them, which is preferred when none is named, or by vectors.
const ServedModel& pick_scorer(Fields& fields, const Models& models);

}  // namespace estoc::api
