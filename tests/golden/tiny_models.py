"""Tiny random checkpoints, one for each shape of a family, written as Hugging Face directories.

Small enough to commit, seeded, and with weights scaled so that the predicted distributions are not flat: wrong math
shows. Used by make_model_golden.py.
"""
import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

import tiny_gguf

VOCAB = 128
PIECES = ["th", "he", "in", "er", "an", "re", "on", "at", "en", "nd", "ti", "es", "or", "te", "of", "ed", "is", "it",
          "al", "ar", "st", "to", "nt", "ng", "se", "ha", "as", "ou", "io"]
CHAT_TEMPLATE = ("{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}{% endfor %}"
                 "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}")

BASE = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": VOCAB, "hidden_act": "silu",
    "max_position_embeddings": 512, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2,
    "attention_bias": False, "mlp_bias": False, "num_hidden_layers": 2,
}

# name -> (what differs from BASE, generation_config.json, files the weights are cut into)
SHAPES = {
    # Every head has its own keys and values; embedding and output are separate. No "head_dim", no "rope_theta".
    "llama2_like": ({"hidden_size": 32, "intermediate_size": 40, "num_attention_heads": 4, "num_key_value_heads": 4,
                     "tie_word_embeddings": False, "torch_dtype": "float16"}, {"eos_token_id": 2}, 1),
    # Shared keys and values, and frequencies rescaled so that all three bands of the rule occur below 64 positions.
    "llama3_like": ({"hidden_size": 48, "intermediate_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2,
                     "head_dim": 16, "tie_word_embeddings": False, "rope_theta": 500000.0, "torch_dtype": "bfloat16",
                     "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                      "high_freq_factor": 4.0, "original_max_position_embeddings": 64},
                     "num_hidden_layers": 1},
                    {"eos_token_id": [2, 3], "do_sample": True, "temperature": 0.6, "top_p": 0.9}, 1),
    # Heads whose total width differs from the hidden size.
    "mistral_like": ({"architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 24,
                      "intermediate_size": 28, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
                      "tie_word_embeddings": False, "rope_theta": 1000000.0, "sliding_window": None,
                      "torch_dtype": "float32"}, {"eos_token_id": 2}, 1),
    # Output tied to the embedding; the hidden size is no multiple of 32.
    "smollm2_like": ({"hidden_size": 48, "intermediate_size": 36, "num_attention_heads": 3, "num_key_value_heads": 1,
                      "tie_word_embeddings": True, "rope_theta": 100000.0, "rms_norm_eps": 1e-6,
                      "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # Two weight files with an index, and the newer spelling of config.json (rope_parameters, dtype).
    "tinyllama_like": ({"hidden_size": 24, "intermediate_size": 32, "num_attention_heads": 3, "num_key_value_heads": 1,
                        "tie_word_embeddings": False, "dtype": "float32",
                        "rope_parameters": {"rope_type": "default", "rope_theta": 2000.0}}, {"eos_token_id": 2}, 2),
    # A norm over each head of q and k; heads wider than hidden / heads; a window that is written but off.
    "qwen3_like": ({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 40,
                    "intermediate_size": 36, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16,
                    "tie_word_embeddings": False, "rope_theta": 1000000.0, "rms_norm_eps": 1e-6,
                    "use_sliding_window": False, "sliding_window": 8, "max_window_layers": 2,
                    "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # The same with the output tied to the embedding, as the small ones are.
    "qwen3_tied_like": ({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 32,
                         "intermediate_size": 32, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
                         "tie_word_embeddings": True, "rope_theta": 1000000.0, "rms_norm_eps": 1e-6,
                         "use_sliding_window": False, "sliding_window": None, "num_hidden_layers": 1,
                         "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # Two kinds of layers: the last two look back 8 positions only.
    "qwen3_windows_like": ({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 24,
                            "intermediate_size": 28, "num_attention_heads": 2, "num_key_value_heads": 1,
                            "head_dim": 16, "tie_word_embeddings": True, "rope_theta": 10000.0, "rms_norm_eps": 1e-6,
                            "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1,
                            "num_hidden_layers": 3, "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # Short convolutions with a fixed state beside attention, which comes first and last as convolutions do.
    "lfm2_like": ({"architectures": ["Lfm2ForCausalLM"], "model_type": "lfm2", "hidden_size": 24,
                   "intermediate_size": 48, "block_multiple_of": 4, "num_attention_heads": 3, "num_key_value_heads": 1,
                   "norm_eps": 1e-5, "rope_theta": 10000.0, "conv_L_cache": 3, "conv_bias": True,
                   "tie_word_embeddings": True, "num_hidden_layers": 4,
                   "layer_types": ["conv", "full_attention", "conv", "conv"],
                   "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # Biases on q, k and v; output tied to the embedding; windows that are written but off.
    "qwen2_like": ({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 40,
                    "intermediate_size": 36, "num_attention_heads": 5, "num_key_value_heads": 1,
                    "tie_word_embeddings": True, "rope_theta": 1000000.0, "rms_norm_eps": 1e-6,
                    "use_sliding_window": False, "sliding_window": 8, "max_window_layers": 1,
                    "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
    # The same with two kinds of layers: the last two look back 8 positions only.
    "qwen2_windows_like": ({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 32,
                            "intermediate_size": 28, "num_attention_heads": 2, "num_key_value_heads": 1,
                            "tie_word_embeddings": True, "rope_theta": 10000.0, "rms_norm_eps": 1e-6,
                            "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1,
                            "num_hidden_layers": 3, "torch_dtype": "bfloat16"}, {"eos_token_id": 2}, 1),
}


def weights(config: dict, seed: int) -> dict[str, torch.Tensor]:
    """Random tensors under Hugging Face's names, in the config's element type."""
    generator = torch.Generator().manual_seed(seed)
    hidden, wide = config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim", hidden // config["num_attention_heads"])
    queries, keys = config["num_attention_heads"] * head, config["num_key_value_heads"] * head

    def matrix(rows: int, columns: int, gain: float) -> torch.Tensor:
        return torch.randn(rows, columns, generator=generator) * gain / columns**0.5

    def norm(width: int = hidden) -> torch.Tensor:
        return 1 + 0.25 * torch.randn(width, generator=generator)

    def lfm2_layer(prefix: str, kind: str) -> dict[str, torch.Tensor]:
        """Names and kinds of layers of its own; the MLP is narrower than the config says."""
        multiple = config["block_multiple_of"]
        narrow = -(-int(2 * wide / 3) // multiple) * multiple
        layer = {prefix + "operator_norm.weight": norm(), prefix + "ffn_norm.weight": norm(),
                 prefix + "feed_forward.w1.weight": matrix(narrow, hidden, 1.5),
                 prefix + "feed_forward.w3.weight": matrix(narrow, hidden, 1.5),
                 prefix + "feed_forward.w2.weight": matrix(hidden, narrow, 1.2)}
        if kind == "conv":
            return layer | {prefix + "conv.in_proj.weight": matrix(3 * hidden, hidden, 1.5),
                            prefix + "conv.in_proj.bias": 0.3 * torch.randn(3 * hidden, generator=generator),
                            prefix + "conv.conv.weight": matrix(hidden, config["conv_L_cache"], 1.5).unsqueeze(1),
                            prefix + "conv.conv.bias": 0.3 * torch.randn(hidden, generator=generator),
                            prefix + "conv.out_proj.weight": matrix(hidden, hidden, 1.2),
                            prefix + "conv.out_proj.bias": 0.1 * torch.randn(hidden, generator=generator)}
        return layer | {prefix + "self_attn.q_proj.weight": matrix(queries, hidden, 1.5),
                        prefix + "self_attn.k_proj.weight": matrix(keys, hidden, 1.5),
                        prefix + "self_attn.v_proj.weight": matrix(keys, hidden, 1.2),
                        prefix + "self_attn.out_proj.weight": matrix(hidden, queries, 1.2),
                        prefix + "self_attn.q_layernorm.weight": norm(head),
                        prefix + "self_attn.k_layernorm.weight": norm(head)}

    tensors = {"model.embed_tokens.weight": matrix(config["vocab_size"], hidden, 3.0)}
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        if config["model_type"] == "lfm2":
            tensors |= lfm2_layer(prefix, config["layer_types"][layer])
            continue
        tensors |= {
            prefix + "input_layernorm.weight": norm(),
            prefix + "self_attn.q_proj.weight": matrix(queries, hidden, 1.5),
            prefix + "self_attn.k_proj.weight": matrix(keys, hidden, 1.5),
            prefix + "self_attn.v_proj.weight": matrix(keys, hidden, 1.2),
            prefix + "self_attn.o_proj.weight": matrix(hidden, queries, 1.2),
            prefix + "post_attention_layernorm.weight": norm(),
            prefix + "mlp.gate_proj.weight": matrix(wide, hidden, 1.5),
            prefix + "mlp.up_proj.weight": matrix(wide, hidden, 1.5),
            prefix + "mlp.down_proj.weight": matrix(hidden, wide, 1.2),
        }
        if config["model_type"] == "qwen3":
            tensors |= {prefix + "self_attn.q_norm.weight": norm(head), prefix + "self_attn.k_norm.weight": norm(head)}
        if config["model_type"] == "qwen2":
            for part, rows in {"q": queries, "k": keys, "v": keys}.items():
                tensors[f"{prefix}self_attn.{part}_proj.bias"] = torch.randn(rows, generator=generator)
    tensors["model.embedding_norm.weight" if config["model_type"] == "lfm2" else "model.norm.weight"] = norm()
    if not config["tie_word_embeddings"]:
        tensors["lm_head.weight"] = matrix(config["vocab_size"], hidden, 3.0)
    dtype = getattr(torch, config.get("torch_dtype") or config["dtype"])
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def tokenizer() -> Tokenizer:
    """Byte-level BPE over printable ASCII and a few pairs: every id has its own plain spelling."""
    tokens = ["<unk>", "<s>", "</s>", "<|eot|>", "Ċ", "Ġ"] + [chr(code) for code in range(33, 127)]
    tokens += PIECES[: VOCAB - len(tokens)]
    assert len(tokens) == VOCAB
    merges = [(piece[0], piece[1]) for piece in PIECES if piece in tokens]
    result = Tokenizer(models.BPE(vocab={token: id for id, token in enumerate(tokens)}, merges=merges))
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    result.add_special_tokens(tokens[:4])
    return result


def write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_tokenizer(directory: Path) -> None:
    tokenizer().save(str(directory / "tokenizer.json"), pretty=False)
    write_json(directory / "tokenizer_config.json",
               {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True,
                "tokenizer_class": "PreTrainedTokenizerFast", "chat_template": CHAT_TEMPLATE})


def write_model(directory: Path, name: str) -> None:
    """Writes the whole Hugging Face directory of one shape and, where GGUF can say it, the GGUF file beside it."""
    changes, generation, file_count = SHAPES[name]
    config = BASE | changes
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "config.json", config)
    write_json(directory / "generation_config.json", {"bos_token_id": 1} | generation)
    write_tokenizer(directory)
    tensors = weights(config, seed=1000 + list(SHAPES).index(name))
    if tiny_gguf.can_write(name, config):
        tiny_gguf.write_gguf(directory.with_suffix(".gguf"), config, tensors)
    if file_count == 1:
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return
    names = list(tensors)
    size = -(-len(names) // file_count)
    index = {}
    for part in range(file_count):
        file = f"model-{part + 1:05d}-of-{file_count:05d}.safetensors"
        chosen = names[part * size : (part + 1) * size]
        save_file({tensor: tensors[tensor] for tensor in chosen}, directory / file, metadata={"format": "pt"})
        index |= {tensor: file for tensor in chosen}
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    write_json(directory / "model.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": index})
