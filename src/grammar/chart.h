// Which states of an automaton a text may be in after each of its bytes: rows of an Earley parser.
//
// What: an item is a state of a rule and the row in which that rule began; a row holds all items after a prefix of the
// text, with what they call and what has ended. Rows are pushed with a byte and popped again, so that a chart also
// serves to try what might follow. Ambiguous and left-recursive rules cost no more than the square of the text.
// Ownership: borrows the automaton. Threads: one at a time. Errors: those of the automaton; a byte that would leave
// more open than limits::kRowItemsMax is refused like one that does not fit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grammar/automaton.h"

namespace estoc::grammar {

class Chart {
 public:
  struct Item {
    StateId state;
    RuleId rule;
    uint32_t origin;  // a row, or kOutside
    bool is_kernel;   // not only called from an item of the same row
  };
  // The origin of the outermost rule.
  static constexpr uint32_t kOutside = UINT32_MAX;

  explicit Chart(Automaton& automaton) : automaton_(automaton) {}

  // With `is_text_known` false, texts that rules match never decide: misses_text() says where they would.
  void start(StateId state, bool is_text_known = true);
  // Adds the row behind `byte`; false, and nothing changed, when no text of the grammar goes on so.
  bool push(uint8_t byte);
  bool push(std::string_view bytes);  // all or nothing
  void pop(size_t rows);
  // A row as if all that `item` (of the last row) stands in had been read; its text is not known but for its beginning.
  bool push_end_of(const Item& item);
  // What texts are not to go on with at such a row, if that and nothing else of them matters.
  const std::vector<std::string>& rejected() const { return rejected_; }
  // A row of a single item of the outermost rule, in place of the last row's after a byte.
  bool push_state(StateId state, uint8_t byte);

  // While trying what could follow, a text that is not rejected leaves no memory: states are not made for it.
  void set_trial(bool is_trial) { is_trial_ = is_trial; }

  std::span<const Item> row(size_t index) const;
  std::span<const Item> last() const { return row(rows_.size() - 1); }
  size_t row_count() const { return rows_.size(); }
  std::string_view text() const { return text_; }

  // The outermost rule has ended with the last row (and may go on).
  bool ends_outside() const { return rows_.back().ends_outside; }
  // A text that was not known would have mattered for the last row.
  bool misses_text() const { return rows_.back().misses_text; }
  // Some texts would have mattered.
  bool reads_text() const { return rows_.back().reads_text; }
  // A row's number for whoever gives rows numbers; 0 at first.
  uint32_t& number(size_t row) { return rows_[row].number; }

 private:
  class Draft;
  struct Row {
    uint32_t begin;
    bool ends_outside = false, misses_text = false, reads_text = false, is_text_unknown = false;
    uint32_t number = 0;
  };

  bool close(Row& row);
  void end_rule(const Item& item, Row& row);
  void read_unknown(StateId caller, const Call& call, uint32_t origin, Row& row);
  void add(const Item& item);

  Automaton& automaton_;
  std::vector<Item> items_;
  std::vector<Row> rows_;
  std::string text_;         // a byte a row but the first
  size_t unknown_from_ = 0;  // where the text is not known any more, in rows that say so
  bool is_at_end_ = false;   // the row that is being made is the first of those
  std::vector<std::string> rejected_;
  // Finds equal items of the row that is being made: positions + 1, valid where the stamp is the row's.
  std::vector<std::pair<uint32_t, uint32_t>> found_;
  uint32_t stamp_ = 0;
  bool is_trial_ = false;
  uint32_t begin_ = 0;  // of that row
};

}  // namespace estoc::grammar
