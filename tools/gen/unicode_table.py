#!/usr/bin/env python3
"""Writes src/tokenizer/unicode_table.inc: general category and White_Space of every code point, as a two-stage table.

Needs unicodedata2==16.0.0 (PyPI), which carries the Unicode 16.0 database. White_Space is not in that package; its 25
code points are listed here from PropList.txt and have been the same since Unicode 6.3.

Usage: python tools/gen/unicode_table.py > src/tokenizer/unicode_table.inc
"""

import unicodedata2

EXPECTED_VERSION = "16.0.0"
BLOCK = 128
# The order of enum class Category in src/tokenizer/unicode.h.
CATEGORIES = ["Cn", "Cc", "Cf", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No",
              "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"]
WHITE_SPACE = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F,
               0x3000}
WHITE_SPACE_BIT = 0x80


def entry(code_point):
    value = CATEGORIES.index(unicodedata2.category(chr(code_point)))
    return value | (WHITE_SPACE_BIT if code_point in WHITE_SPACE else 0)


def print_array(type_name, name, values):
    print(f"constexpr {type_name} {name}[{len(values)}] = {{")
    line = "   "
    for value in values:
        item = f" {value},"
        if len(line) + len(item) > 118:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


def main():
    if unicodedata2.unidata_version != EXPECTED_VERSION:
        raise SystemExit(f"unicodedata2 holds Unicode {unicodedata2.unidata_version}, expected {EXPECTED_VERSION}")
    block_numbers = {}
    stage1 = []
    for start in range(0, 0x110000, BLOCK):
        block = tuple(entry(code_point) for code_point in range(start, start + BLOCK))
        stage1.append(block_numbers.setdefault(block, len(block_numbers)))
    stage2 = [value for block in block_numbers for value in block]
    if len(block_numbers) > 65536:
        raise SystemExit("too many different blocks")
    print("// Written by tools/gen/unicode_table.py from unicodedata2 16.0.0; do not edit.")
    print("// Low 5 bits: general category in the order of enum Category. Bit 7: White_Space.")
    print(f'constexpr char kUnicodeVersion[] = "{unicodedata2.unidata_version}";')
    print(f"constexpr unsigned kBlockSize = {BLOCK};")
    print_array("uint8_t" if len(block_numbers) <= 256 else "uint16_t", "kStage1", stage1)
    print_array("uint8_t", "kStage2", stage2)


if __name__ == "__main__":
    main()
