// Kernels that take rows one by one: the embedding, norms on the way to products, picked rows, the largest logit.
#include <algorithm>

#include "gpu/source/add_part.h"
#include "gpu/source/argmax.h"
#include "gpu/source/cap_logits.h"
#include "gpu/source/chosen_tokens.h"
#include "gpu/source/embed.h"
#include "gpu/source/sample.h"
#include "gpu/source/select_rows.h"
#include "gpu/source/token_norm.h"
#include "gpu/trials/prompt_checks.h"
#include "gpu/trials/trial.h"

namespace estoc::gpu {
namespace {

constexpr float kEpsilon = 1e-5f;

// What is exact in f32 and what is rounded to bf16, by one limit.
double together(const ErrorSum& exact, const ErrorSum& rounded) {
  const double error = exact.relative(), of_bf16 = rounded.relative() * 1e-3;
  return std::isnan(of_bf16) ? NAN : std::max(error, of_bf16);
}

class EmbedTrial {
 public:
  EmbedTrial(const Device& device, const Module& module, const EmbedCase& c, Random& random)
      : device_(device),
        c_(c),
        kernel_(module.function(std::string("embed_") + form_name(c.form))),
        matrix_(draw_matrix(random, c.form, c.vocabulary, c.columns)),
        next_norm_(draw_floats(random, c.columns)),
        ids_(draw_ids(c, random)),
        weights_(Buffer::of(device, matrix_)),
        norm_(Buffer::of(device, next_norm_)),
        tokens_(Buffer::of(device, ids_)),
        residual_(device, static_cast<size_t>(c.rows) * c.columns * 4),
        next_inputs_(device, static_cast<size_t>(c.rows) * c.columns * 2),
        next_squares_(device, static_cast<size_t>(c.rows) * 4) {}

  void launch(int) {
    const EmbedArguments a{weights_.as<u8>(),      tokens_.as<u32>(),         norm_.as<float>(), residual_.as<float>(),
                           next_inputs_.as<u16>(), next_squares_.as<float>(), c_.columns,        c_.scale};
    gpu::launch(device_, kernel_, {.blocks = c_.rows, .threads = kEmbedThreads}, a);
  }

  Check check() {
    residual_.fill(kPoison);
    next_squares_.fill(kPoison);
    next_inputs_.fill(kPoisonBf16);
    launch(0);
    const auto x = residual_.values<float>(), squares = next_squares_.values<float>();
    const auto inputs = next_inputs_.values<uint16_t>();
    ErrorSum exact, rounded;
    for (int row = 0; row < c_.rows; ++row) {
      double sum = 0;
      for (int i = 0; i < c_.columns; ++i) {
        const double value =
            matrix_value(matrix_, c_.form, c_.columns, static_cast<int>(ids_[row]), i) * static_cast<double>(c_.scale);
        sum += value * value;
        exact.add(x[static_cast<size_t>(row) * c_.columns + i], value);
        rounded.add(bf16_to_f32(inputs[static_cast<size_t>(row) * c_.columns + i]), value * next_norm_[i]);
      }
      exact.add(squares[row], sum);
    }
    return {std::string("embed_") + form_name(c_.form), together(exact, rounded), 5e-6};
  }

 private:
  static std::vector<uint32_t> draw_ids(const EmbedCase& c, Random& random) {
    std::vector<uint32_t> ids(static_cast<size_t>(c.rows));
    for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % c.vocabulary);
    return ids;
  }

  const Device& device_;
  const EmbedCase c_;
  const Handle kernel_;
  const std::vector<uint8_t> matrix_;
  const std::vector<float> next_norm_;
  const std::vector<uint32_t> ids_;
  const Buffer weights_, norm_, tokens_;
  Buffer residual_, next_inputs_, next_squares_;
};

// Rows of the residual stream in f32, and which of them are picked: from the last on.
class PickedRows {
 public:
  PickedRows(const Device& device, int rows, int columns, bool has_picks, Random& random)
      : device_(device),
        rows_(rows),
        columns_(columns),
        has_picks_(has_picks),
        values_(draw_floats(random, static_cast<size_t>(rows) * columns)),
        weights_(draw_floats(random, columns)),
        input_(Buffer::of(device, values_)),
        weight_(Buffer::of(device, weights_)),
        picks_(Buffer::of(device, from_the_last(rows))) {}

 protected:
  const float* picked(int row) const {
    return &values_[static_cast<size_t>(has_picks_ ? rows_ - 1 - row : row) * columns_];
  }
  const int* picks() const { return has_picks_ ? picks_.as<int>() : nullptr; }
  double squares(int row) const {
    double sum = 0;
    for (int i = 0; i < columns_; ++i) sum += static_cast<double>(picked(row)[i]) * picked(row)[i];
    return sum;
  }

  const Device& device_;
  const int rows_, columns_;
  const bool has_picks_;
  const std::vector<float> values_, weights_;
  const Buffer input_, weight_, picks_;

 private:
  static std::vector<int> from_the_last(int rows) {
    std::vector<int> picks(static_cast<size_t>(rows));
    for (int r = 0; r < rows; ++r) picks[static_cast<size_t>(r)] = rows - 1 - r;
    return picks;
  }
};

// What a part has left, as rows; the residual and the next norm beside them.
class AddPartTrial : private PickedRows {
 public:
  AddPartTrial(const Device& device, const Module& module, int rows, int columns, bool has_norm, bool has_next,
               Random& random)
      : PickedRows(device, rows, columns, false, random),
        kernel_(module.function("add_part")),
        has_norm_(has_norm),
        has_next_(has_next),
        before_(draw_floats(random, values_.size())),
        next_norms_(draw_floats(random, columns)),
        next_norm_(Buffer::of(device, next_norms_)),
        residual_(Buffer::of(device, before_)),
        inputs_(device, values_.size() * 2),
        squares_(device, static_cast<size_t>(rows) * 4) {}

  void launch(int) {
    const AddPartArguments a{.part = input_.as<float>(),
                             .norm = has_norm_ ? weight_.as<float>() : nullptr,
                             .epsilon = kEpsilon,
                             .scale = kScale,
                             .residual = residual_.as<float>(),
                             .next_norm = has_next_ ? next_norm_.as<float>() : nullptr,
                             .inputs = inputs_.as<u16>(),
                             .squares = squares_.as<float>(),
                             .columns = columns_};
    gpu::launch(device_, kernel_, {.blocks = rows_, .threads = kAddPartThreads}, a);
  }

  Check check() {
    inputs_.fill(kPoisonBf16);
    squares_.fill(kPoison);
    launch(0);
    const auto x = residual_.values<float>(), sums = squares_.values<float>();
    const auto out = inputs_.values<uint16_t>();
    ErrorSum exact, rounded;
    for (int r = 0; r < rows_; ++r) {
      const double norm = 1 / std::sqrt(squares(r) / columns_ + static_cast<double>(kEpsilon));
      double sum = 0;
      for (int i = 0; i < columns_; ++i) {
        const size_t at = static_cast<size_t>(r) * columns_ + i;
        const double wanted = before_[at] + kScale * picked(r)[i] * (has_norm_ ? norm * weights_[i] : 1);
        exact.add(x[at], wanted);
        sum += wanted * wanted;
        if (has_next_) rounded.add(bf16_to_f32(out[at]), wanted * next_norms_[i]);
      }
      if (has_next_) exact.add(sums[r], sum);
    }
    return {"add_part " + std::to_string(rows_) + " x " + std::to_string(columns_),
            has_next_ ? together(exact, rounded) : exact.relative(), 5e-6};
  }

 private:
  static constexpr float kScale = 0.75f;

  const Handle kernel_;
  const bool has_norm_, has_next_;
  const std::vector<float> before_, next_norms_;
  const Buffer next_norm_;
  Buffer residual_, inputs_, squares_;
};

class CapLogitsTrial {
 public:
  CapLogitsTrial(const Device& device, const Module& module, int rows, int columns, float cap, Random& random)
      : device_(device),
        kernel_(module.function("cap_logits")),
        rows_(rows),
        columns_(columns),
        cap_(cap),
        values_(draw_floats(random, static_cast<size_t>(rows) * columns, 20)),
        logits_(Buffer::of(device, values_)) {}

  void launch(int) {
    gpu::launch(device_, kernel_,
                {.blocks = cap_logits_blocks(columns_), .blocks_y = rows_, .threads = kCapLogitsThreads},
                CapLogitsArguments{logits_.as<float>(), columns_, kScale, cap_});
  }

  Check check() {
    launch(0);
    const auto out = logits_.values<float>();
    ErrorSum error;
    for (size_t i = 0; i < values_.size(); ++i) {
      const double x = static_cast<double>(values_[i]) * kScale;
      error.add(out[i], cap_ > 0 ? cap_ * std::tanh(x / cap_) : x);
    }
    return {"cap_logits " + std::to_string(rows_) + " x " + std::to_string(columns_), error.relative(), 2e-6};
  }

 private:
  static constexpr float kScale = 0.5f;

  const Device& device_;
  const Handle kernel_;
  const int rows_, columns_;
  const float cap_;
  const std::vector<float> values_;
  Buffer logits_;
};

class SelectRowsTrial : private PickedRows {
 public:
  SelectRowsTrial(const Device& device, const Module& module, int rows, int columns, bool has_picks, Random& random)
      : PickedRows(device, rows, columns, has_picks, random),
        kernel_(module.function("select_rows")),
        inputs_(device, values_.size() * 2),
        squares_(device, static_cast<size_t>(rows) * 4) {}

  void launch(int) {
    const SelectRowsArguments a{input_.as<float>(),   picks(), weight_.as<float>(), inputs_.as<u16>(),
                                squares_.as<float>(), columns_};
    gpu::launch(device_, kernel_, {.blocks = rows_, .threads = kSelectRowsThreads}, a);
  }

  Check check() {
    inputs_.fill(kPoisonBf16);
    squares_.fill(kPoison);
    launch(0);
    const auto out = inputs_.values<uint16_t>();
    const auto sums = squares_.values<float>();
    ErrorSum exact, rounded;
    for (int r = 0; r < rows_; ++r) {
      exact.add(sums[r], squares(r));
      for (int i = 0; i < columns_; ++i) {
        rounded.add(bf16_to_f32(out[static_cast<size_t>(r) * columns_ + i]), picked(r)[i] * weights_[i]);
      }
    }
    return {"select_rows " + std::to_string(rows_) + " x " + std::to_string(columns_), together(exact, rounded), 5e-6};
  }

 private:
  const Handle kernel_;
  Buffer inputs_, squares_;
};

class TokenNormTrial : private PickedRows {
 public:
  TokenNormTrial(const Device& device, const Module& module, int rows, int columns, ColumnOrder order, Random& random)
      : PickedRows(device, rows, columns, rows % 2 == 1, random),
        kernel_(module.function("rms_norm_tiles")),
        order_(order),
        output_(device, token_matrix_bytes(rows, columns)) {}

  void launch(int) {
    const TokenNormArguments a{input_.as<float>(), picks(), weight_.as<float>(), output_.as<u8>(), order_,
                               columns_,           kEpsilon};
    gpu::launch(device_, kernel_, {.blocks = rows_, .threads = token_norm_threads(columns_)}, a);
  }

  Check check() {
    output_.fill(kPoisonBf16);
    launch(0);
    const auto out = output_.values<uint8_t>();
    ErrorSum error;
    for (int r = 0; r < rows_; ++r) {
      const double factor = 1 / std::sqrt(squares(r) / columns_ + static_cast<double>(kEpsilon));
      for (int i = 0; i < columns_; ++i) {
        error.add(token_tile_value(out, columns_, order_, r, i), picked(r)[i] * factor * weights_[i]);
      }
    }
    return {"rms_norm_tiles " + std::to_string(rows_) + " x " + std::to_string(columns_), error.relative(), 3e-3};
  }

 private:
  const Handle kernel_;
  const ColumnOrder order_;
  Buffer output_;
};

}  // namespace

Trial embed_trial(const Device& device, const Module& module, const EmbedCase& c, Random& random) {
  const double row = static_cast<double>(tile_row_bytes(c.form, c.columns)) / kTileRows + (4.0 + 2.0) * c.columns;
  return trial_of(std::make_shared<EmbedTrial>(device, module, c, random), {.bytes = c.rows * row});
}

Check check_embed(const Device& device, const Module& module, const EmbedCase& c, Random& random) {
  return embed_trial(device, module, c, random).check();
}

Trial add_part_trial(const Device& device, const Module& module, int rows, int columns, bool has_norm, bool has_next,
                     Random& random) {
  return trial_of(std::make_shared<AddPartTrial>(device, module, rows, columns, has_norm, has_next, random),
                  {.bytes = (3 * 4.0 + (has_next ? 2 : 0)) * rows * columns});
}

Check check_add_part(const Device& device, const Module& module, int rows, int columns, bool has_norm, bool has_next,
                     Random& random) {
  return add_part_trial(device, module, rows, columns, has_norm, has_next, random).check();
}

Trial cap_logits_trial(const Device& device, const Module& module, int rows, int columns, float cap, Random& random) {
  return trial_of(std::make_shared<CapLogitsTrial>(device, module, rows, columns, cap, random),
                  {.bytes = 2 * 4.0 * rows * columns});
}

Check check_cap_logits(const Device& device, const Module& module, int rows, int columns, float cap, Random& random) {
  return cap_logits_trial(device, module, rows, columns, cap, random).check();
}

// Some rows have no token, and some are asked for twice.
Check check_chosen_tokens(const Device& device, const Module& module, int rows, int count, Random& random) {
  constexpr uint32_t kVocabulary = 1000;
  std::vector<uint32_t> chosen;
  for (int r = 0; r < rows; ++r) {
    chosen.push_back(r % 5 == 3 ? kNoToken : static_cast<uint32_t>(random() % kVocabulary));
  }
  std::vector<int> picks;
  for (int i = 0; i < count; ++i) picks.push_back(static_cast<int>(random() % static_cast<unsigned>(rows)));
  const Buffer from = Buffer::of(device, chosen), wanted = Buffer::of(device, picks);
  Buffer to(device, static_cast<size_t>(count + 1) * 4);
  to.fill(7);
  launch(device, module.function("chosen_tokens"),
         {.blocks = chosen_tokens_blocks(count), .threads = kChosenTokensThreads},
         ChosenTokensArguments{from.as<u32>(), wanted.as<int>(), to.as<u32>(), count, kVocabulary});
  const std::vector<uint32_t> tokens = to.values<uint32_t>();
  double wrong = tokens.back() == 7 ? 0 : 1;
  for (int i = 0; i < count; ++i) {
    const uint32_t token = chosen[static_cast<size_t>(picks[static_cast<size_t>(i)])];
    wrong += tokens[static_cast<size_t>(i)] == std::min(token, kVocabulary - 1) ? 0 : 1;
  }
  return {"chosen_tokens " + std::to_string(count) + " of " + std::to_string(rows), wrong, 0.5};
}

Trial select_rows_trial(const Device& device, const Module& module, int rows, int columns, bool has_picks,
                        Random& random) {
  return trial_of(std::make_shared<SelectRowsTrial>(device, module, rows, columns, has_picks, random),
                  {.bytes = (4.0 + 2.0) * rows * columns});
}

Check check_select_rows(const Device& device, const Module& module, int rows, int columns, bool has_picks,
                        Random& random) {
  return select_rows_trial(device, module, rows, columns, has_picks, random).check();
}

Trial token_norm_trial(const Device& device, const Module& module, int rows, int columns, ColumnOrder order,
                       Random& random) {
  return trial_of(std::make_shared<TokenNormTrial>(device, module, rows, columns, order, random),
                  {.bytes = (4.0 + 2.0) * rows * columns});
}

Check check_token_norm(const Device& device, const Module& module, int rows, int columns, ColumnOrder order,
                       Random& random) {
  return token_norm_trial(device, module, rows, columns, order, random).check();
}

Check check_argmax(const Device& device, const Module& module, int rows, int columns, int parts, Random& random) {
  auto values = draw_floats(random, static_cast<size_t>(rows) * columns);
  for (int row = 0; row < rows; ++row) {  // a tie, and what must never win
    const size_t begin = static_cast<size_t>(row) * columns;
    values[begin + random() % columns] = values[begin + random() % columns] = 9;
    values[begin] = NAN;
  }
  if (rows > 2) std::fill_n(values.end() - columns, columns, -INFINITY);  // and a row with nothing
  const size_t slots = static_cast<size_t>(rows) * parts;
  Buffer logits = Buffer::of(device, values), best(device, slots * 4), index(device, slots * 4),
         tokens(device, rows * 4);
  best.fill(kPoison);
  index.fill(kPoison);
  tokens.fill(kPoison);
  const ArgmaxArguments a{logits.as<float>(), best.as<float>(), index.as<u32>(), tokens.as<u32>(), columns, parts};
  launch(device, module.function("argmax_parts"), {.blocks = parts, .blocks_y = rows, .threads = kArgmaxThreads}, a);
  launch(device, module.function("argmax_rows"), {.blocks = rows, .threads = kArgmaxThreads}, a);
  const auto out = tokens.values<uint32_t>();
  int wrong = 0;
  for (int row = 0; row < rows; ++row) {
    const float* of_row = &values[static_cast<size_t>(row) * columns];
    uint32_t expected = 0xffffffff;
    for (int i = columns; i-- > 0;) {
      if (of_row[i] > -INFINITY && (expected == 0xffffffff || of_row[i] >= of_row[expected])) expected = i;
    }
    wrong += out[row] != expected;
  }
  return {"argmax " + std::to_string(rows) + " x " + std::to_string(columns), static_cast<double>(wrong), 0};
}

}  // namespace estoc::gpu
