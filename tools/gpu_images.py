#!/usr/bin/env python3
"""Compiles src/gpu/source/kernels.cu for GPUs: one cubin an architecture, and PTX for those that are not listed; and
code objects for cards of AMD where they are asked for.

  tools/gpu_images.py --out DIR [--targets cuda,hip] [--only NAME]... [--source TREE] [--ptxas PATH] [--clang PATH]
  tools/gpu_images.py --install DIR      a virtual environment with ptxas from PyPI, for --ptxas

Writes DIR/<name>.cubin, DIR/compute_80.ptx, DIR/amdgcn.bundle (tools/gpu_images_amd.py) and DIR/images.inc (what
gpu/images.cc embeds: each packed by zlib); with --only those of the cards named and no others, and with --source of the kernels in another
tree. Fails when a kernel spills or has a stack frame: that is memory traffic nobody asked for. cuda needs clang 19 and ptxas
12.9, hip clang 19 and lld 19; no toolkit headers, no GPU.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import venv
import zlib
from pathlib import Path

import gpu_images_amd as amd

ROOT = Path(__file__).resolve().parent.parent
WHEEL = "nvidia-cuda-nvcc-cu12==12.9.86"  # its cubins load with drivers from 525 on
# (name, what clang compiles for, capability). clang 19 does not know the last two: ptxas makes them of sm_90's text.
IMAGES = [("sm_80", "sm_80", 80), ("sm_89", "sm_89", 89), ("sm_90a", "sm_90a", 90),
          ("sm_100", "sm_90", 100), ("sm_120", "sm_90", 120)]


def find_ptxas(folder: Path) -> Path | None:
    return next(iter(sorted(folder.glob("lib/python*/site-packages/nvidia/cuda_nvcc/bin/ptxas"))), None)


def install(folder: Path) -> None:
    if find_ptxas(folder):
        return
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                    WHEEL], check=True)


def run(command: list, what: str) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"gpu_images: {what} failed:\n{done.stdout}{done.stderr}")
    return done.stderr + done.stdout


def compile_ptx(clang: str, tree: Path, target: str, out: Path) -> None:
    run([clang, "-x", "cuda", "-nocudainc", "-nocudalib", f"--cuda-gpu-arch={target}", "--cuda-feature=+ptx80",
         "--cuda-device-only", "-std=c++20", "-O3", "-Wall", "-I", tree / "src", "-S",
         tree / "src/gpu/source/kernels.cu", "-o", out], f"clang for {target}")


def without_comments(ptx: str) -> str:
    """The same text, a quarter shorter: every binary carries it."""
    lines = (re.sub(r"//.*", "", line).strip() for line in ptx.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def embedded(name: str, capability: int, kind: str, path: Path) -> str:
    """The line of images.inc for an image, which is packed beside itself."""
    image = path.read_bytes() + b"\0"  # the driver takes text up to a 0
    packed = path.with_name(path.name + ".z")
    packed.write_bytes(zlib.compress(image, 9))
    return f'ESTOC_GPU_IMAGE({name}, {capability}, {kind}, {len(image)}, "{packed.resolve()}")'


def findings(listing: str) -> list[str]:
    """Kernels of ptxas -v's report that have a stack frame or spill."""
    found = []
    for name, numbers in re.findall(r"Compiling entry function '(\w+)'.*?\n.*?(\d+ bytes stack frame[^\n]*)", listing,
                                    re.DOTALL):
        if any(int(number) for number in re.findall(r"(\d+) bytes", numbers)):
            found.append(f"{name}: {numbers.strip()}")
    return found


def make_cuda(arguments: argparse.Namespace, wrong: list[str]) -> list[str]:
    """The lines of images.inc; what is wrong with kernels goes into `wrong`."""
    if not arguments.ptxas:
        sys.exit("gpu_images: no ptxas; `make gpu` installs it, or name one with --ptxas")
    images = [image for image in IMAGES if not arguments.only or image[0] in arguments.only]
    lines = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda target: compile_ptx(arguments.clang, arguments.source, target, arguments.out / f"{target}.ptx"),
                      sorted({target for _, target, _ in images}, reverse=True)))
        listings = list(pool.map(lambda image: run(
            [arguments.ptxas, f"-arch={image[0]}", "-O3", "-v", arguments.out / f"{image[1]}.ptx", "-o",
             arguments.out / f"{image[0]}.cubin"], f"ptxas for {image[0]}"), images))
    for (name, _, capability), listing in zip(images, listings):
        wrong += [f"{name}: {line}" for line in findings(listing)]
        lines.append(embedded(name, capability, "cubin", arguments.out / f"{name}.cubin"))
    if not arguments.only:
        text = arguments.out / "compute_80.ptx"
        text.write_text(without_comments((arguments.out / "sm_80.ptx").read_text()))
        lines.append(embedded("compute_80", 80, "ptx", text))
    return lines


def make_hip(arguments: argparse.Namespace, wrong: list[str]) -> list[str]:
    """The same."""
    code_objects = {}
    for target, instruction in amd.TARGETS:
        if not arguments.only or target in arguments.only:
            code_objects[target], assembly = amd.compile_target(run, arguments.clang, arguments.source, target, arguments.out)
            wrong += [f"{target}: {line}" for line in amd.findings(assembly, instruction)]
    path = arguments.out / "amdgcn.bundle"
    path.write_bytes(amd.bundle(code_objects))
    return [embedded("amdgcn", 0, "hip", path)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--targets", default="cuda", help="cuda, hip or both with a comma between")
    parser.add_argument("--only", action="append", choices=[name for name, _, _ in IMAGES] + amd.NAMES)
    parser.add_argument("--source", type=Path, default=ROOT, metavar="TREE")
    parser.add_argument("--ptxas", type=Path, default=find_ptxas(ROOT / "build/gpu-tools"))
    parser.add_argument("--clang", default="clang++-19")
    arguments = parser.parse_args()
    if arguments.install:
        install(arguments.install)
    if not arguments.out:
        return 0
    targets = set(arguments.targets.split(","))
    if unknown := targets - {"cuda", "hip"}:
        parser.error(f"--targets knows cuda and hip, not {', '.join(sorted(unknown))}")
    if arguments.only:
        targets = {"hip" if name in amd.NAMES else "cuda" for name in arguments.only}
    arguments.out.mkdir(parents=True, exist_ok=True)
    wrong = []
    lines = (make_cuda(arguments, wrong) if "cuda" in targets else []) + (
        make_hip(arguments, wrong) if "hip" in targets else [])
    if wrong:
        sys.exit("gpu_images: kernels are not as they should be:\n  " + "\n  ".join(wrong))
    (arguments.out / "images.inc").write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
