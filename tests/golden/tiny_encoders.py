"""Tiny random checkpoints of encoders, made and saved by the family's own class in transformers, with the files that
sentence-transformers puts beside them. Seeded and small enough to commit. Used by make_encoder_golden.py.
"""
import json
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

from tiny_families import randomize

VOCAB = 96
BERT = {"vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "max_position_embeddings": 72, "pad_token_id": 0}
ROBERTA = {**BERT, "max_position_embeddings": 74, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
           "type_vocab_size": 1}
DISTIL = {"vocab_size": VOCAB, "dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 4, "pad_token_id": 0,
          "max_position_embeddings": 72}
MODERN = {"vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 4,
          "num_attention_heads": 2, "max_position_embeddings": 128, "local_attention": 12, "pad_token_id": 0,
          "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2}
QWEN3 = {"vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 128,
         "tie_word_embeddings": True, "pad_token_id": 0}
LLAMA = {key: value for key, value in QWEN3.items() if key != "head_dim"}
GEMMA = {"vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 3,
         "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 128,
         "query_pre_attn_scalar": 16, "sliding_window": 16, "use_bidirectional_attention": True, "pad_token_id": 0,
         "layer_types": ["sliding_attention", "sliding_attention", "full_attention"]}
NOMIC = {"vocab_size": VOCAB, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "max_position_embeddings": 128, "pad_token_id": 0}
LABELS = {"num_labels": 3, "id2label": {0: "no", 1: "perhaps", 2: "yes"}, "label2id": {"no": 0, "perhaps": 1, "yes": 2}}

# name -> (class of the model, of its config, the config's arguments, modules behind the rows)
ENCODERS = {
    # No files of sentence-transformers: the mean of all rows.
    "bert_like": ("BertModel", "BertConfig", BERT, []),
    # Heads as wide as MiniLM's, and its modules.
    "minilm_like": ("BertModel", "BertConfig", {**BERT, "hidden_size": 64, "num_attention_heads": 2},
                    [{"pooling": "mean"}, {"normalize": True}]),
    "bge_like": ("BertModel", "BertConfig", BERT, [{"pooling": "cls"}, {"normalize": True}]),
    "bert_max_like": ("BertModel", "BertConfig", {**BERT, "hidden_act": "gelu_new"}, [{"pooling": "max"}]),
    "bert_scores_like": ("BertForSequenceClassification", "BertConfig", {**BERT, "num_labels": 1}, []),
    "bert_labels_like": ("BertForSequenceClassification", "BertConfig", {**BERT, **LABELS}, []),
    # Positions that begin behind the padding's; the sum by its root, a product with a function.
    "roberta_like": ("RobertaModel", "RobertaConfig", ROBERTA,
                     [{"pooling": "mean_sqrt_len_tokens"}, {"dense": 24, "function": "Tanh", "bias": 0.2}]),
    "xlm_roberta_like": ("XLMRobertaModel", "XLMRobertaConfig", ROBERTA, [{"pooling": "cls"}, {"normalize": True}]),
    "xlm_roberta_scores_like": ("XLMRobertaForSequenceClassification", "XLMRobertaConfig",
                                {**ROBERTA, "num_labels": 1}, []),
    "distilbert_like": ("DistilBertModel", "DistilBertConfig", DISTIL, [{"pooling": "weightedmean"}]),
    "distilbert_labels_like": ("DistilBertForSequenceClassification", "DistilBertConfig", {**DISTIL, **LABELS}, []),
    # Windows of six to each side in two layers of three, turned by other frequencies.
    "modernbert_like": ("ModernBertModel", "ModernBertConfig", MODERN, [{"pooling": "cls"}, {"normalize": True}]),
    "modernbert_scores_like": ("ModernBertForSequenceClassification", "ModernBertConfig",
                               {**MODERN, "num_labels": 1, "classifier_pooling": "mean"}, []),
    "modernbert_labels_like": ("ModernBertForSequenceClassification", "ModernBertConfig",
                               {**MODERN, **LABELS, "classifier_bias": True, "norm_bias": True,
                                "attention_bias": True, "mlp_bias": True}, []),
    "embedding_gemma_like": ("Gemma3TextModel", "Gemma3TextConfig", GEMMA,
                             [{"pooling": "mean"}, {"dense": 48, "function": "Identity"},
                              {"dense": 32, "function": "Identity"}, {"normalize": True}]),
    "nomic_bert_like": ("NomicBertModel", "NomicBertConfig", NOMIC, [{"pooling": "mean"}, {"normalize": True}]),
    "qwen3_embedding_like": ("Qwen3ForCausalLM", "Qwen3Config", QWEN3,
                             [{"pooling": "lasttoken"}, {"normalize": True}]),
    "qwen3_scores_like": ("Qwen3ForSequenceClassification", "Qwen3Config", {**QWEN3, "num_labels": 1}, []),
    "qwen3_reranker_like": ("Qwen3ForCausalLM", "Qwen3Config", QWEN3, [{"answers": [9, 4]}]),
    "mistral_embedding_like": ("MistralModel", "MistralConfig", {**LLAMA, "sliding_window": None},
                               [{"pooling": "lasttoken"}, {"normalize": True}]),
    "qwen2_embedding_like": ("Qwen2Model", "Qwen2Config", LLAMA, [{"pooling": "lasttoken"}, {"normalize": True}]),
    "llama_embedding_like": ("LlamaModel", "LlamaConfig", LLAMA, [{"pooling": "mean"}]),
}

# Stored as f32, as most small encoders are; the others as bf16.
F32 = {"minilm_like", "bert_scores_like"}

MODULE = "sentence_transformers.models."
OLD_KEYS = {"cls": "pooling_mode_cls_token", "mean": "pooling_mode_mean_tokens", "max": "pooling_mode_max_tokens",
            "mean_sqrt_len_tokens": "pooling_mode_mean_sqrt_len_tokens",
            "weightedmean": "pooling_mode_weightedmean_tokens", "lasttoken": "pooling_mode_lasttoken"}


def make_model(name: str) -> torch.nn.Module:
    kind, config, arguments, _ = ENCODERS[name]
    seed = 3000 + sum(name.encode())
    torch.manual_seed(seed)
    model = getattr(transformers, kind)(getattr(transformers, config)(**arguments))
    randomize(model, seed)
    return model.to(torch.float32 if name in F32 else torch.bfloat16).eval()


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def pool(rows: torch.Tensor, how: str) -> torch.Tensor:
    """One vector of the rows [tokens, hidden], as sentence-transformers defines its modes."""
    count = rows.shape[0]
    weights = torch.arange(1, count + 1, dtype=rows.dtype)
    return {"cls": lambda: rows[0], "lasttoken": lambda: rows[-1], "max": lambda: rows.max(0).values,
            "mean": lambda: rows.mean(0), "mean_sqrt_len_tokens": lambda: rows.sum(0) / count ** 0.5,
            "weightedmean": lambda: (rows * weights[:, None]).sum(0) / weights.sum()}[how]()


class Modules:
    """The modules behind the rows: written as files, and computed."""

    def __init__(self, name: str, hidden: int):
        self.steps = ENCODERS[name][3]
        generator = torch.Generator().manual_seed(len(name))
        self.dense = {}
        width = hidden
        for index, step in enumerate(self.steps):
            if "dense" in step:
                self.dense[index] = (torch.randn(step["dense"], width, generator=generator) * width ** -0.5,
                                     torch.randn(step["dense"], generator=generator) * step.get("bias", 0))
                width = step["dense"]
        self.hidden = hidden

    def write(self, directory: Path) -> None:
        if not self.steps:
            return
        modules = [{"idx": 0, "name": "0", "path": "", "type": MODULE + "Transformer"}]
        for index, step in enumerate(self.steps):
            kind = {"pooling": "Pooling", "dense": "Dense", "normalize": "Normalize", "answers": "LogitScore"}[
                next(iter(step))]
            path = f"{index + 1}_{kind}"
            modules.append({"idx": index + 1, "name": str(index + 1), "path": path, "type": MODULE + kind})
            if kind == "Normalize":
                continue
            (directory / path).mkdir()
            if kind == "Pooling":
                write_json(directory / path / "config.json",
                           {"word_embedding_dimension": self.hidden,
                            **{key: mode == step["pooling"] for mode, key in OLD_KEYS.items()}})
            elif kind == "LogitScore":
                write_json(directory / path / "config.json",
                           {"true_token_id": step["answers"][0], "false_token_id": step["answers"][1]})
            else:
                weight, bias = self.dense[index]
                where = "linear.Identity" if step["function"] == "Identity" else "activation." + step["function"]
                write_json(directory / path / "config.json",
                           {"in_features": weight.shape[1], "out_features": weight.shape[0], "bias": "bias" in step,
                            "activation_function": f"torch.nn.modules.{where}"})
                saved = {"linear.weight": weight} | ({"linear.bias": bias} if "bias" in step else {})
                save_file(saved, directory / path / "model.safetensors")
        write_json(directory / "modules.json", modules)
        write_json(directory / "sentence_bert_config.json", {"max_seq_length": 64, "do_lower_case": False})

    def vector(self, rows: torch.Tensor) -> torch.Tensor:
        """Of the rows of one text, or of its last logits where the score is made of them."""
        value = None
        for index, step in enumerate(self.steps or [{"pooling": "mean"}]):
            if "pooling" in step:
                value = pool(rows, step["pooling"])
            elif "dense" in step:
                weight, bias = self.dense[index]
                value = value @ weight.T + bias
                value = torch.tanh(value) if step["function"] == "Tanh" else value
            elif "normalize" in step:
                value = torch.nn.functional.normalize(value, dim=0)
        return value


def write_model(directory: Path, name: str) -> torch.nn.Module:
    """Writes the whole folder and returns the model."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    model = make_model(name)
    model.save_pretrained(directory)
    write_json(directory / "config.json", json.loads((directory / "config.json").read_text()))
    (directory / "generation_config.json").unlink(missing_ok=True)
    Modules(name, model.config.hidden_size).write(directory)
    return type(model).from_pretrained(directory, dtype=torch.float32).eval()
