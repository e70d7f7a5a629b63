// Mean, spread and median of repeated measurements. Pure functions of at least one sample.
#pragma once

#include <span>

namespace estoc {

double mean_of(std::span<const double> samples);
// Of a sample: divided by n - 1; 0 for one measurement.
double deviation_of(std::span<const double> samples);
double median_of(std::span<const double> samples);

}  // namespace estoc
