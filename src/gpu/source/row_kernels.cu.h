// Kernels that both kinds of step share, and what prepares weights: a part of the list of all (kernels.cu).
#pragma once

#include "gpu/source/add_part.cu.h"
#include "gpu/source/argmax.cu.h"
#include "gpu/source/cap_logits.cu.h"
#include "gpu/source/chosen_tokens.cu.h"
#include "gpu/source/copy.cu.h"
#include "gpu/source/delta_net.cu.h"
#include "gpu/source/embed.cu.h"
#include "gpu/source/repack.cu.h"
#include "gpu/source/rms_norm.cu.h"
#include "gpu/source/sample.cu.h"
#include "gpu/source/select_rows.cu.h"
#include "gpu/source/token_norm.cu.h"
