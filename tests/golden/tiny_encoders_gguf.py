"""The tiny encoders said again as GGUF files, under the names of the gguf package.

What a converter does beside renaming is written here: positions that no token of RoBERTa's has are left out, what
Gemma's norms keep is added to one, heads for scores are named cls, pooling is a number.
"""
from pathlib import Path

import gguf
import torch
from safetensors.torch import load_file

from tiny_gguf import add

# The checkpoints that are written, with their architectures and what rows become.
POOLING = gguf.PoolingType
WRITTEN = {"bert_like": ("bert", POOLING.NONE), "bge_like": ("bert", POOLING.CLS),
           "xlm_roberta_like": ("bert", POOLING.CLS), "xlm_roberta_scores_like": ("bert", POOLING.RANK),
           "nomic_bert_like": ("nomic-bert", POOLING.MEAN), "modernbert_like": ("modern-bert", POOLING.CLS),
           "modernbert_labels_like": ("modern-bert", POOLING.RANK),
           "embedding_gemma_like": ("gemma-embedding", POOLING.MEAN),
           "qwen3_embedding_like": ("qwen3", POOLING.LAST), "qwen3_reranker_like": ("qwen3", POOLING.RANK)}
DROPPED = ("pooler.", "lm_head.", "embeddings.position_ids")


def renamed(names, tensor: str) -> str:
    stem, _, kind = tensor.rpartition(".")
    stem = "classifier.out_proj" if stem == "classifier" else stem
    for start in ("roberta.", "bert."):
        stem = stem.removeprefix(start)
    for candidate in (stem, "model." + stem, stem.removeprefix("model.")):
        if known := names.get_name(candidate):
            return f"{known}.{kind}"
    raise KeyError(tensor)


def converted(name: str, architecture: str, config: dict, tensors: dict[str, torch.Tensor]) -> dict:
    made = {}
    for tensor, value in tensors.items():
        if tensor.startswith(DROPPED):
            continue
        if "position_embeddings" in tensor and config["model_type"] in ("roberta", "xlm-roberta"):
            value = value[config["pad_token_id"] + 1:]
        if architecture == "gemma-embedding" and "norm" in tensor:
            value = value.float() + 1
        made[tensor] = value
    return made


def add_keys(writer: gguf.GGUFWriter, architecture: str, config: dict) -> None:
    is_roberta = config["model_type"] in ("roberta", "xlm-roberta")
    writer.add_context_length(config["max_position_embeddings"] - (config["pad_token_id"] + 1 if is_roberta else 0))
    writer.add_vocab_size(config["vocab_size"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    rope = config.get("rope_parameters") or {}
    if "full_attention" in rope:
        writer.add_rope_freq_base(rope["full_attention"]["rope_theta"])
        writer.add_float32(f"{architecture}.rope.freq_base_swa", rope["sliding_attention"]["rope_theta"])
    elif rope:
        writer.add_rope_freq_base(rope["rope_theta"])
    if architecture in ("gemma-embedding", "qwen3"):
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    else:
        writer.add_layer_norm_eps(config.get("layer_norm_eps", config.get("norm_eps")))
    if architecture != "qwen3":
        writer.add_causal_attention(False)
    if architecture == "modern-bert":
        writer.add_sliding_window(config["local_attention"])
        writer.add_uint32("modern-bert.attention.sliding_window_pattern", 3)
    if architecture == "gemma-embedding":
        writer.add_sliding_window(config["sliding_window"])
        writer.add_array("gemma-embedding.attention.sliding_window_pattern",
                         [kind == "sliding_attention" for kind in config["layer_types"]])


def write_gguf(directory: Path, name: str, config: dict, modules) -> None:
    if name not in WRITTEN:
        return
    architecture, pooling = WRITTEN[name]
    kinds = {value: key for key, value in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(kinds[architecture], config["num_hidden_layers"])
    writer = gguf.GGUFWriter(directory.with_suffix(".gguf"), architecture)
    writer.add_type(gguf.GGUFType.MODEL)
    add_keys(writer, architecture, config)
    if pooling != POOLING.NONE:
        writer.add_pooling_type(pooling)
    tensors = load_file(directory / "model.safetensors")
    for tensor, value in converted(name, architecture, config, tensors).items():
        add(writer, renamed(names, tensor), value)
    if architecture == "gemma-embedding":
        for number, (weight, _) in enumerate(modules.dense.values(), start=2):
            add(writer, f"dense_{number}.weight", weight)
            writer.add_uint32(f"{architecture}.dense_{number}_feat_in", weight.shape[1])
            writer.add_uint32(f"{architecture}.dense_{number}_feat_out", weight.shape[0])
    if name == "qwen3_reranker_like":
        answers = modules.steps[0]["answers"]
        writer.add_array("qwen3.classifier.output_labels", ["yes", "no"])
        add(writer, "cls.output.weight", tensors["model.embed_tokens.weight"][answers])
    elif pooling == POOLING.RANK:
        labels = config["id2label"]
        writer.add_array(f"{architecture}.classifier.output_labels", [labels[key] for key in sorted(labels)])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
