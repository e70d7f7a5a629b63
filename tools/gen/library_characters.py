#!/usr/bin/env python3
"""Writes src/tokenizer/library_characters.inc: which characters Hugging Face tokenizers takes for marks, punctuation and
so on, where its tables are of another Unicode version than ours.

Found by asking the library about every code point, so that vocabularies see what they were trained with. Needs
tokenizers==0.23.3 and unicodedata2==16.0.0 (PyPI).

Usage: python tools/gen/library_characters.py > src/tokenizer/library_characters.inc
"""

import unicodedata2
import tokenizers
from tokenizers import normalizers, pre_tokenizers

EXPECTED_VERSION = "0.23.3"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]


def ranges(code_points):
    found = []
    for c in sorted(code_points):
        if found and found[-1][1] + 1 == c:
            found[-1][1] = c
        else:
            found.append([c, c])
    return found


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | on))


def those(test):
    return ranges(c for c in CODE_POINTS if test(c))


def vanishing(normalizer):
    return those(lambda c: normalizer.normalize_str(f"a{chr(c)}b") == "ab")


def punctuation():
    split = pre_tokenizers.Punctuation()
    return those(lambda c: len(split.pre_tokenize_str(f"a{chr(c)}b")) == 3)


def undecomposed():
    """Characters whose decomposition is newer than the library's table."""
    form = normalizers.NFKD()
    return those(lambda c: form.normalize_str(chr(c)) == chr(c) != unicodedata2.normalize("NFKD", chr(c)))


def lowered():
    """Runs of characters whose lower case is newer than Python's table, each a fixed distance away."""
    form = normalizers.Lowercase()
    runs = []
    for c in CODE_POINTS:
        lower = form.normalize_str(chr(c))
        if lower == chr(c).lower() or c < 0x250 or len(lower) != 1:
            continue
        distance = ord(lower) - c
        if runs and runs[-1][2] == distance and runs[-1][1] + 1 == c:
            runs[-1][1] = c
        else:
            runs.append([c, c, distance])
    return runs


def scripts():
    """Runs of one script each, by a number of our own; 0 is what goes with any script."""
    split = pre_tokenizers.UnicodeScripts()

    def differ(one, other):
        return len(split.pre_tokenize_str(chr(one) + chr(other))) > 1

    runs, samples = [], []
    for c in CODE_POINTS:
        if not differ(ord("a"), c) and not differ(0x3042, c):
            script = 0
        elif runs and runs[-1][1] + 1 == c and runs[-1][2] and not differ(c - 1, c):
            script = runs[-1][2]
        else:
            script = next((i + 1 for i, sample in enumerate(samples) if not differ(sample, c)), 0)
            if script == 0:
                samples.append(c)
                script = len(samples)
        if runs and runs[-1][1] + 1 == c and runs[-1][2] == script:
            runs[-1][1] = c
        else:
            runs.append([c, c, script])
    return [run for run in runs if run[2]]


def print_ranges(name, items, kind="CodePointRange"):
    print(f"constexpr {kind} {name}[] = {{")
    line = "   "
    for first, last, *more in items:
        item = f" {{{', '.join([f'0x{first:X}', f'0x{last:X}', *map(str, more)])}}},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


def main():
    if tokenizers.__version__ != EXPECTED_VERSION:
        raise SystemExit(f"tokenizers is {tokenizers.__version__}, expected {EXPECTED_VERSION}")
    print("// Written by tools/gen/library_characters.py from tokenizers 0.23.3; do not edit.")
    print_ranges("kCleanedAway", vanishing(bert(clean_text=True)))
    print_ranges("kNonspacingMarks", vanishing(bert(strip_accents=True)))
    print_ranges("kCombiningMarks", vanishing(normalizers.StripAccents()))
    print_ranges("kPunctuation", punctuation())
    print_ranges("kUndecomposed", undecomposed())
    print_ranges("kLateLowerCase", lowered(), "LowerRun")
    print_ranges("kScripts", scripts(), "ScriptRun")


if __name__ == "__main__":
    main()
