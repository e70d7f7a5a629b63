"""The kernels for AMD cards: code objects by clang 19 and lld, all in one bundle, of which HIP takes the card's own.

Used by tools/gpu_images.py. Needs no ROCm and no GPU.
"""
import re
import struct
from pathlib import Path

# (target, its matrix instruction)
TARGETS = [("gfx90a", "v_mfma_f32_16x16x16bf16_1k"), ("gfx942", "v_mfma_f32_16x16x16_bf16"),
           ("gfx1100", "v_wmma_f32_16x16x16_bf16"), ("gfx1201", "v_wmma_f32_16x16x16_bf16")]
NAMES = [target for target, _ in TARGETS]
MULTIPLIES = re.compile(r"linear_|experts_|gemm_|attention_decode_|attention_prompt_|latent_attention")  # kernels that need it
ALIGNMENT = 4096  # of code objects in the bundle


def findings(assembly: str, instruction: str) -> list[str]:
    """Kernels that use scratch memory, or lack the matrix instruction that they are to have."""
    found = []
    metadata = assembly[assembly.index("\namdhsa.kernels:"):]
    for entry in re.split(r"\n  - ", metadata)[1:]:
        fields = dict(re.findall(r"^ *\.(name|private_segment_fixed_size|vgpr_spill_count): +(\w+)", entry, re.MULTILINE))
        if "name" not in fields:
            continue
        scratch, spills = int(fields["private_segment_fixed_size"]), int(fields["vgpr_spill_count"])
        if scratch or spills:
            found.append(f"{fields['name']}: {scratch} bytes of scratch memory, {spills} spills")
    for name, body in re.findall(r"\n(\w+):[^\n]*; @\1\n(.*?)\n\.Lfunc_end", assembly, re.DOTALL):
        if MULTIPLIES.match(name) and instruction not in body:
            found.append(f"{name}: no {instruction}")
    return found


def bundle(code_objects: dict[str, bytes]) -> bytes:
    """What clang-offload-bundler makes: a table of (offset, size, target), then the code objects; the host has none."""
    targets = {"host-x86_64-unknown-linux--": b""}
    targets |= {f"hipv4-amdgcn-amd-amdhsa--{name}": code for name, code in code_objects.items()}
    table_bytes = 32 + sum(24 + len(target) for target in targets)
    table = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(targets))
    body = b""
    for target, code in targets.items():
        body += b"\0" * (-(table_bytes + len(body)) % ALIGNMENT)
        table += struct.pack("<QQQ", table_bytes + len(body), len(code), len(target)) + target.encode()
        body += code
    return table + body


def compile_target(run, clang: str, tree: Path, target: str, out: Path) -> tuple[bytes, str]:
    """(code object, assembly) of a target. `run(command, what)` ends the program when a command fails."""
    assembly, code = out / f"{target}.s", out / f"{target}.hsaco"
    run([clang, "-x", "hip", "-nogpuinc", "-nogpulib", f"--offload-arch={target}", "--offload-device-only",
         "--no-gpu-bundle-output", "-std=c++20", "-O3", "-Wall", "-I", tree / "src", "-S",
         tree / "src/gpu/source/kernels.cu", "-o", assembly], f"clang for {target}")
    run([clang, "--target=amdgcn-amd-amdhsa", f"-mcpu={target}", "-Wl,-s", "-x", "assembler", assembly, "-o", code],
        f"clang's assembler and lld for {target}")
    return code.read_bytes(), assembly.read_text()
