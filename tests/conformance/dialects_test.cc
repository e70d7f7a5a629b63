// Published chat templates: each is recognized, and the calls that it writes are read back.
#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "chat/prompt.h"
#include "conformance/test_shared_data.h"
#include "dialects/model_dialect.h"
#include "dialects/test_writing.h"

namespace estoc {
namespace {

struct Published {
  std::string_view file, dialect, reasoning;  // empty for none
  int calls_max = 3;                          // in one turn; 0: it writes none
};

constexpr Published kPublished[] = {
    {"Apertus-8B-Instruct", "", "", 0},
    {"ByteDance-Seed-OSS", "seed_oss", "seed_oss"},
    {"GLM-4.6", "glm45", "think"},
    {"HuggingFaceTB-SmolLM3-3B", "", "think", 0},
    {"LFM2-8B-A1B", "lfm2", "", 0},
    {"Mistral-Small-3.2-24B-Instruct-2506", "mistral_named", ""},
    {"NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", "qwen3_coder", "think"},
    {"NousResearch-Hermes-3-Llama-3.1-8B-tool_use", "hermes", ""},
    {"Qwen-Qwen2.5-7B-Instruct", "hermes", ""},
    {"Qwen-Qwen3-0.6B", "hermes", "think"},
    {"Qwen3-Coder", "qwen3_coder", ""},
    {"Qwen3.5-4B", "qwen3_coder", "think"},
    {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B", "deepseek_v3", "think"},
    {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B", "deepseek_v3", "think"},
    {"deepseek-ai-DeepSeek-V3.1", "deepseek_v31", "think"},
    {"google-gemma-2-2b-it", "", "", 0},
    {"google-gemma-4-31B-it", "gemma4", "gemma4"},
    {"ibm-granite-granite-3.3-2B-Instruct", "granite", "granite", 0},
    {"llama-cpp-rwkv-world", "", "think", 0},
    {"meetkai-functionary-medium-v3.1", "functionary_v3_1", ""},
    {"meta-llama-Llama-3.1-8B-Instruct", "llama3_json", "", 1},
    {"meta-llama-Llama-3.2-3B-Instruct", "llama3_json", "", 1},
    {"microsoft-Phi-3.5-mini-instruct", "", "", 0},
    {"mistralai-Mistral-Nemo-Instruct-2407", "mistral", ""},
    {"moonshotai-Kimi-K2", "kimi_k2", ""},
    {"openai-gpt-oss-120b", "openai", "", 1},
    {"unsloth-Apriel-1.5", "apriel", "thinking"},
};

const std::shared_ptr<const Tools>& tools() {
  static const auto kTools = std::make_shared<const Tools>(
      Tools{{"look_up", parse_json(R"({"type": "object", "properties": {"query": {"type": "string"},
          "count": {"type": "integer"}, "exact": {"type": "boolean"}, "tags": {"type": "array"},
          "more": {"type": "object"}}})")},
            {"now", parse_json(R"({"type": "object", "properties": {}})")}});
  return kTools;
}

std::vector<WrittenCall> some_calls(size_t count) {
  std::vector<WrittenCall> calls = {
      {"look_up", parse_json(R"({"query": "Zürich \"now\" it's 😀\n a < b </div> {x: [1]} <b>", "count": 3,
                                 "exact": true})")},
      {"now", parse_json("{}")},
      {"look_up", parse_json(R"({"query": "", "tags": ["a", {"b": "c"}], "more": {"x": {"y": [-1.5]}}})")}};
  calls.resize(count);
  return calls;
}

// As a request has them.
Json shown_tools() {
  Json::Array shown;
  for (const Tool& tool : *tools()) {
    Json function(Json::Object{{"name", Json(tool.name)}, {"description", Json("does")}, {"parameters", tool.parameters}});
    shown.push_back(Json(Json::Object{{"type", Json("function")}, {"function", std::move(function)}}));
  }
  return Json(std::move(shown));
}

Json sorted(const Json& value) {
  if (!value.is_object()) return value;
  Json::Object members = value.as_object();
  for (auto& [key, member] : members) member = sorted(member);
  std::ranges::sort(members, {}, &std::pair<std::string, Json>::first);
  return Json(std::move(members));
}

std::unique_ptr<Tokenizer> small_tokenizer() {
  GgufVocab vocab;
  vocab.source = "small";
  vocab.model = "gpt2";
  vocab.pre = "gpt-2";
  vocab.tokens = {"a", "<s>", "</s>"};
  vocab.types = {1, 3, 3};
  vocab.bos = 1;
  vocab.eos = 2;
  return build_tokenizer(vocab);
}

class PublishedTemplate {
 public:
  explicit PublishedTemplate(const std::string& source)
      : tokenizer_(small_tokenizer()), prompts_(*tokenizer_, ChatTemplate(source)) {}

  // An assistant's turn as the template writes it, without what the prompt had already.
  std::string turn(const std::vector<WrittenCall>& calls) const {
    const Json question = parse_json(R"({"role": "user", "content": "Hi"})");
    Json::Array written;
    for (size_t i = 0; i < calls.size(); ++i) {
      Json function(Json::Object{{"name", Json(calls[i].name)}, {"arguments", calls[i].arguments}});
      written.push_back(Json(Json::Object{{"id", Json("call0000" + std::to_string(i))},
                                          {"type", Json("function")},
                                          {"function", std::move(function)}}));
    }
    Json answer(Json::Object{{"role", Json("assistant")}, {"content", Json()}, {"tool_calls", Json(written)}});
    const auto render = [&](Json::Array messages, bool asks) {
      Conversation conversation;
      conversation.messages = Json(std::move(messages));
      conversation.adds_generation_prompt = asks;
      conversation.tools = shown_tools();
      return prompts_.render(std::move(conversation));
    };
    const std::string both = render({question, answer}, false);
    for (const bool asks : {true, false}) {
      const std::string prompt = render({question}, asks);
      if (both.starts_with(prompt)) return both.substr(prompt.size());
    }
    ADD_FAILURE() << "the turn does not follow the question: " << both;
    return both;
  }

 private:
  std::unique_ptr<Tokenizer> tokenizer_;
  PromptBuilder prompts_;
};

TEST(PublishedTemplates, AreRecognized) {
  const std::string folder = shared_path("chat_templates/templates/");
  ESTOC_SKIP_WITHOUT(folder);
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) files += file.path().extension() == ".jinja";
  EXPECT_EQ(files, std::size(kPublished));
  for (const Published& one : kPublished) {
    const std::string source = read_file(folder + std::string(one.file) + ".jinja");
    const Dialect* dialect = detect_dialect(source);
    EXPECT_EQ(dialect == nullptr ? "" : dialect->name, one.dialect) << one.file;
    const ReasoningStyle* style = detect_model_dialect(source).reasoning;
    EXPECT_EQ(style == nullptr ? "" : style->name, one.reasoning) << one.file;
  }
}

TEST(PublishedTemplates, WriteCallsThatAreReadBack) {
  const std::string folder = shared_path("chat_templates/templates/");
  ESTOC_SKIP_WITHOUT(folder);
  size_t read = 0;
  for (const Published& one : kPublished) {
    const PublishedTemplate published(read_file(folder + std::string(one.file) + ".jinja"));
    for (size_t count = 1; count <= static_cast<size_t>(one.calls_max); count += 2) {
      const std::vector<WrittenCall> calls = some_calls(count);
      const std::string text = published.turn(calls);
      SCOPED_TRACE(std::string(one.file) + ": " + text);
      const Dialect& dialect = *find_dialect(one.dialect);
      const CallContext context = {tools(), "answer"};
      const std::vector<Part> whole = split(*dialect.make_splitter(context), text);
      const std::vector<WrittenCall> found = calls_of(whole);
      ASSERT_EQ(found.size(), calls.size());
      for (size_t i = 0; i < calls.size(); ++i) {
        EXPECT_EQ(found[i].name, calls[i].name);
        EXPECT_EQ(to_json(sorted(found[i].arguments)), to_json(sorted(calls[i].arguments)));
      }
      for (size_t at = 1; at < text.size(); ++at) {
        ASSERT_EQ(split(*dialect.make_splitter(context), text, {at}), whole) << at;
      }
      ASSERT_EQ(split(*dialect.make_splitter(context), text, std::vector<size_t>(text.size(), 1)), whole);
      ++read;
    }
  }
  EXPECT_GE(read, 32u);
}

}  // namespace
}  // namespace estoc
