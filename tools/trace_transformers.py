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
from pathlib import Path


def load(path: Path):
    import torch
    import transformers
    where = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name} if path.is_file() else \
        {"pretrained_model_name_or_path": path}
    return transformers.AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32,
                                                             attn_implementation="eager").eval()


def places(model, tokens: list[int]) -> dict:
    """{place: rows [tokens, columns]} in the order of computation."""
    import torch
    found = {}

    def keep(name):
        def hook(_module, _inputs, output):
            found[name] = (output[0] if isinstance(output, tuple) else output).detach()[-len(tokens):].squeeze(0)
        return hook

    model.get_input_embeddings().register_forward_hook(keep("embedding"))
    for number, layer in enumerate(model.get_decoder().layers):
        layer.register_forward_hook(keep(f"layer {number}"))
    with torch.no_grad():
        found["logits"] = model(torch.tensor([tokens])).logits[0]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="trace_transformers", description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("ours", type=Path, help="what `estoc trace -o json` printed")
    parser.add_argument("--tolerance", type=float, default=1e-3)
    arguments = parser.parse_args()
    ours = json.loads(arguments.ours.read_text())
    theirs = places(load(arguments.model), ours["tokens"])
    first_wrong = None
    for place in ours["places"]:
        rows = theirs[place["place"]].double()
        norm, begin = rows.norm().item(), rows[-1][:len(place["last_row"])].tolist()
        scale = norm / rows.numel() ** 0.5
        apart = max([abs(norm - place["norm"]) / norm,
                     *(abs(a - b) / scale for a, b in zip(begin, place["last_row"]))])
        is_wrong = not apart <= arguments.tolerance
        first_wrong = first_wrong or (place["place"] if is_wrong else None)
        print(f"{place['place']:10} norm {place['norm']:14.6f} and {norm:14.6f}  last row "
              f"{' '.join(f'{a:.4f}|{b:.4f}' for a, b in zip(place['last_row'], begin))}"
              f"{f'  DIFFERS by {apart:.1e}' if is_wrong else ''}")
    if first_wrong:
        print(f"trace_transformers: the first place that differs is {first_wrong}", file=sys.stderr)
    return 1 if first_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
