// The published traces of Azure and Mooncake through the trace reader.
#include "conformance/test_shared_data.h"
#include "load/trace_file.h"

namespace estoc {
namespace {

TEST(Traces, AreReadWhole) {
  struct Real {
    const char* name;
    size_t requests;
    int64_t first_tokens;
    bool has_blocks;
  };
  for (const Real& real :
       {Real{"azure_llm_2023_code.csv", 8819, 4808, false}, Real{"azure_llm_2023_conv_10000.csv", 9999, 374, false},
        Real{"mooncake_conversation_5000.jsonl", 5000, 6758, true}}) {
    const std::string path = shared_path(std::string("traces/") + real.name);
    ESTOC_SKIP_WITHOUT(path);
    const auto requests = read_trace(path);
    EXPECT_EQ(requests.size(), real.requests);
    EXPECT_EQ(requests.front().input_tokens, real.first_tokens);
    EXPECT_EQ(requests.front().blocks.empty(), !real.has_blocks);
    EXPECT_GT(requests.back().at_s, 1500);
    EXPECT_LT(requests.back().at_s, 4000);
  }
}

}  // namespace
}  // namespace estoc
