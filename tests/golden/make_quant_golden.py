"""Writes quant_golden.json: blocks of every GGUF weight format with their values, by the reference package.

    pip install gguf==0.19.0 numpy
    python tests/golden/make_quant_golden.py

"decode": random block bytes (their f16 scales finite, some extreme) and the f32 bits gguf-py reads from them.
"encode": the bytes gguf-py writes for rows of f32, for the formats whose plain rounding it defines.
Everything is hex of little-endian bytes.
"""

import importlib.metadata
import json
import pathlib

import gguf
import numpy as np

VERSION = "0.19.0"

# Where the f16 fields of a block lie, in bytes.
DECODED = {
    "F16": [0], "BF16": [], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "IQ4_NL": [0], "IQ4_XS": [0], "MXFP4": [], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
    "Q6_K": [208],
}
ENCODED = ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "MXFP4"]
EXTREME_HALVES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00]


def random_blocks(rng, block_bytes, blocks, half_offsets):
    """[blocks, block_bytes] u8; the first rows are all zeros and all ones but for the scales."""
    data = rng.integers(0, 256, (blocks, block_bytes), dtype=np.uint8)
    data[0], data[1] = 0x00, 0xFF
    for offset in half_offsets:
        halves = rng.integers(0, 0x10000, blocks, dtype=np.uint32)
        halves = np.where((halves & 0x7C00) == 0x7C00, halves & 0xBFFF, halves)  # no infinity, no NaN
        count = min(blocks // 2, len(EXTREME_HALVES))
        halves[:count] = rng.permutation(EXTREME_HALVES)[:count]
        data[:, offset : offset + 2] = halves.astype("<u2").view(np.uint8).reshape(blocks, 2)
    return data


def main():
    assert importlib.metadata.version("gguf") == VERSION
    rng = np.random.default_rng(1)
    golden = {"gguf": VERSION, "decode": {}, "encode": {}}
    for name, half_offsets in DECODED.items():
        kind = gguf.GGMLQuantizationType[name]
        count, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        blocks = {1: 64, 32: 12, 256: 4}[count]
        data = random_blocks(rng, block_bytes, blocks, half_offsets)
        if name == "MXFP4":
            data[:4, 0] = [0, 1, 2, 255]
        values = gguf.quants.dequantize(data.reshape(1, -1), kind).astype("<f4").reshape(-1)
        assert values.size == blocks * count
        golden["decode"][name.lower()] = {"blocks": data.tobytes().hex(), "values": values.tobytes().hex()}
    rows = (rng.standard_normal(12 * 32) * np.repeat(10.0 ** rng.integers(-4, 4, 12), 32)).astype("<f4")
    rows[:32] = 0
    rows[32:64] = 0.5
    golden["rows"] = rows.tobytes().hex()
    for name in ENCODED:
        data = gguf.quants.quantize(rows, gguf.GGMLQuantizationType[name])
        golden["encode"][name.lower()] = data.tobytes().hex()
    path = pathlib.Path(__file__).parent / "quant_golden.json"
    path.write_text(json.dumps(golden, indent=0) + "\n")


if __name__ == "__main__":
    main()
