// A plot as SVG that stands alone: light background, fixed size, no script, no font file. Pure functions.
#pragma once

#include <string>
#include <vector>

namespace estoc {

struct PlotPoint {
  double x = 0;
  double y = 0;       // infinite: a cross at the upper edge, nothing was measured there; NaN: nothing is drawn
  std::string label;  // shown when pointed at
};

struct PlotLine {
  std::string name;  // lines of one name are one entry of the legend
  int style = 0;     // colour and marker: the same for all lines of a name
  bool is_dashed = false;
  std::vector<PlotPoint> points;  // joined in this order
};

struct Plot {
  std::string title, x_title, y_title;
  std::vector<PlotLine> lines;
  std::string solid_name, dashed_name;  // what the two strokes mean; empty: not told
  bool is_seconds = false;              // y: seconds on a logarithmic axis; else any number from 0
  bool is_log_x = false;                // where every x is above 0
  double limit = 0;                     // a horizontal line; 0: none
  std::string limit_name;
  std::string diagonal_name;  // of the line y = x; empty: none, as on logarithmic axes
};

std::string svg_plot(const Plot& plot);

}  // namespace estoc
