// The names of a plot's lines, and the colours and markers that tell them apart. Pure functions.
// Internal to report/.
#pragma once

#include <string>
#include <string_view>

#include "report/svg_plot.h"

namespace estoc {

struct PlotLegend {
  std::string svg;  // its upper left corner is at 0,0
  double height = 0;
};

// Entries in rows no wider than `width`.
PlotLegend plot_legend(const Plot& plot, double width);

// Colours that people with any kind of colour vision tell apart; they come again after seven.
std::string_view plot_colour(int style);

// SVG elements around a point; `label` is shown when pointed at. Markers of dashed lines are hollow.
std::string plot_marker(int style, bool is_hollow, double x, double y, std::string_view label);
std::string plot_cross(int style, double x, double y, std::string_view label);

}  // namespace estoc
