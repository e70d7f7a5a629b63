#!/usr/bin/env python3
"""The other side of `estoc trace`: the same places of a forward pass, computed by Hugging Face transformers in f32.

  estoc trace MODEL "Once upon" --compute exact -o json > ours.json
  python3 tools/trace_transformers.py MODEL ours.json        # in the environment of tests/golden/requirements.txt

MODEL is a folder or a GGUF file that transformers can read. Prints norms and the last row's beginning side by side;
exits with 1 when a norm or value differs by more than --tolerance of the place's root mean square: a wrong
family shows at the first layer that is wrong.
"""
import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path


def load(path: Path):
    import torch
    import transformers
    where = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name} if path.is_file() else \
        {"pretrained_model_name_or_path": path}
    config = transformers.AutoConfig.from_pretrained(**where)
    # Checkpoints that also look at pictures have a class of their own, whose text model is traced.
    has_text_alone = type(config) in transformers.AutoModelForCausalLM._model_mapping
    kind = transformers.AutoModelForCausalLM if has_text_alone else transformers.AutoModelForImageTextToText
    return kind.from_pretrained(**where, dtype=torch.float32, attn_implementation="eager").eval()


def places(model, tokens: list[int]) -> dict:
    """{place: rows [tokens, columns]} in the order of computation."""
    import torch
    found = {}

    def keep(name):
        def hook(_module, _inputs, output):
            found[name] = (output[0] if isinstance(output, tuple) else output).detach()[-len(tokens):].squeeze(0)
        return hook

    decoder = model.get_decoder()
    layers = getattr(decoder, "layers", None) or decoder.h
    # What the first layer is given: scaled, and with positions where a model adds them.
    layers[0].register_forward_pre_hook(lambda module, inputs, named: keep("embedding")(
        module, inputs, inputs[0] if inputs else named["hidden_states"]), with_kwargs=True)
    for number, layer in enumerate(layers):
        layer.register_forward_hook(keep(f"layer {number}"))
    with torch.no_grad():
        found["logits"] = model(torch.tensor([tokens])).logits[0]
    return found


@dataclass
class Place:
    """One place on both sides: norms of all rows, and how the last begins."""
    name: str
    norms: tuple[float, float]
    beginnings: list[tuple[float, float]]
    apart: float  # the largest difference, of the place's root mean square


def compare(model: Path, ours: dict) -> list[Place]:
    """`ours` is what `estoc trace -o json` printed."""
    theirs = places(load(model), ours["tokens"])
    compared = []
    for place in ours["places"]:
        rows = theirs[place["place"]].double()
        norm, begin = rows.norm().item(), rows[-1][:len(place["last_row"])].tolist()
        scale = norm / rows.numel() ** 0.5
        pairs = list(zip(place["last_row"], begin))
        apart = max([abs(norm - place["norm"]) / norm, *(abs(a - b) / scale for a, b in pairs)])
        compared.append(Place(place["place"], (place["norm"], norm), pairs, apart))
    return compared


def main() -> int:
    parser = argparse.ArgumentParser(prog="trace_transformers", description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("ours", type=Path, help="what `estoc trace -o json` printed")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    arguments = parser.parse_args()
    first_wrong = None
    for place in compare(arguments.model, json.loads(arguments.ours.read_text())):
        is_wrong = not place.apart <= arguments.tolerance
        first_wrong = first_wrong or (place.name if is_wrong else None)
        print(f"{place.name:10} norm {place.norms[0]:14.6f} and {place.norms[1]:14.6f}  last row "
              f"{' '.join(f'{a:.4f}|{b:.4f}' for a, b in place.beginnings)}"
              f"{f'  DIFFERS by {place.apart:.1e}' if is_wrong else ''}")
    if first_wrong:
        print(f"trace_transformers: the first place that differs is {first_wrong}", file=sys.stderr)
    return 1 if first_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
