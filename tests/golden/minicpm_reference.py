"""MiniCPM for transformers, which has no class of it: Granite's, with the numbers that follow from MiniCPM's configs.

scale_emb multiplies the embedding, scale_depth / sqrt(layers) what layers add; logits are divided by hidden_size /
dim_model_base. Importing it is enough.
"""
import transformers
from huggingface_hub.dataclasses import strict

NUMBERS = ("embedding_multiplier", "residual_multiplier", "attention_multiplier", "logits_scaling")


@strict
class MiniCPMConfig(transformers.GraniteConfig):
    model_type = "minicpm"
    scale_emb: int | float = 12
    scale_depth: int | float = 1.4
    dim_model_base: int = 256

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        self.embedding_multiplier = float(self.scale_emb)
        self.residual_multiplier = self.scale_depth / self.num_hidden_layers**0.5
        self.attention_multiplier = (self.hidden_size // self.num_attention_heads) ** -0.5
        self.logits_scaling = self.hidden_size / self.dim_model_base

    def to_dict(self):
        return {key: value for key, value in super().to_dict().items() if key not in NUMBERS}


class MiniCPMForCausalLM(transformers.GraniteForCausalLM):
    config_class = MiniCPMConfig


transformers.AutoConfig.register("minicpm", MiniCPMConfig)
transformers.AutoModelForCausalLM.register(MiniCPMConfig, MiniCPMForCausalLM)
