"""Texts that tokenizers disagree about: scripts mixed, combining marks, emoji sequences, runs of blanks, line ends, rare
characters, special tokens spelled in the text. The same seed gives the same texts."""

import random

WORDS = ("the of and Hello world don't I'll WE'VE it's naïve café tokenization antidisestablishmentarianism x1 3.14 2024 "
         "1,000,000 foo_bar CamelCase HTTPServer __init__ https://example.com/a?b=c user@example.com -> != <= :: ... "
         "Привет мир Ёлка Καλημέρα κόσμε ΑΒΓ שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดี 你好 世界 今天天气 日本語 カタカナ "
         "ひらがな 한국어 텍스트 ﬁ ﷺ Ａｂｃ ① ½ ² Ⅷ ǅ ß İ ı ſ").split()
BLANKS = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", " \n ", "\u00a0", "\u3000", "\u2009", "\u200b", "\u0085", "\ufeff",
          "\u2028", " " * 17]
EMOJI = ["😀", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "👍🏽", "☃️", "1️⃣", "🧑🏿‍🚀"]
MARKS = ["\u0301", "\u0308", "\u0323", "\u0327", "\u1ab0", "\u20d0", "\ufe0f", "\u3099", "\u05c1", "\u093c", "\u094d",
         "\u0e34", "\u302a", "\U0001d165"]
PUNCTUATION = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["…", "—", "“", "”", "。", "、", "，", "！", "«", "¿", "§", "€",
                                                        "™", "∑", "▁", "▁▁", "\ufffd", "\x01", "\x7f", "\u00ad"]
# First code point and how many, in which most characters exist.
BLOCKS = [(0x21, 94), (0xA1, 383), (0x250, 700), (0x531, 200), (0x5D0, 27), (0x620, 220), (0x900, 900), (0xE01, 90),
          (0x10A0, 350), (0x1100, 255), (0x1E00, 512), (0x2000, 1000), (0x2460, 160), (0x2E80, 200), (0x3041, 190),
          (0x3105, 90), (0x3200, 500), (0x4E00, 20000), (0xA000, 1100), (0xAC00, 11171), (0xF900, 300), (0xFB00, 200),
          (0xFE30, 200), (0x10000, 300), (0x1D400, 1000), (0x1F300, 1200), (0x20000, 4000)]


def character(rng):
    first, count = rng.choice(BLOCKS)
    return chr(first + rng.randrange(count))


def part(rng, specials):
    kind = rng.random()
    if kind < 0.40:
        word = rng.choice(WORDS)
        return word if rng.random() < 0.8 else word[: rng.randrange(len(word)) + 1]
    if kind < 0.58:
        return rng.choice(BLANKS[:3]) if rng.random() < 0.7 else rng.choice(BLANKS)
    if kind < 0.66:
        return rng.choice(PUNCTUATION) * rng.choice([1, 1, 1, 2, 5])
    if kind < 0.80:
        return "".join(character(rng) for _ in range(rng.randrange(1, 5)))
    if kind < 0.86:
        return rng.choice(EMOJI)
    if kind < 0.92:
        return rng.choice("aeouAEn가あक") + "".join(rng.choice(MARKS) for _ in range(rng.randrange(1, 4)))
    if kind < 0.95 and specials:
        return rng.choice(specials)
    if kind < 0.97:
        return "".join(rng.choice("0123456789") for _ in range(rng.randrange(1, 9)))
    return rng.choice("ab é\n😀你") * rng.randrange(1, 40)


def texts(count, seed, specials=()):
    rng = random.Random(seed)
    return ["".join(part(rng, specials) for _ in range(rng.randrange(1, 16))) for _ in range(count)]


def broken_texts(count, seed, specials=()):
    """Bytes, some of them no UTF-8."""
    rng = random.Random(seed)
    result = []
    for text in texts(count, seed + 1, specials):
        data = bytearray(text.encode())
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        result.append(bytes(data[: rng.randrange(len(data)) + 1] if data and rng.random() < 0.5 else data))
    return result
