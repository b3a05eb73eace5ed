#!/usr/bin/env python3
"""Writes what HuggingFace's BertTokenizer makes of some texts, for TokenizerTests.

    pip install transformers==5.24.0 tokenizers==0.23.3
    python3 Tools/goldens/tokenizer.py VOCAB.txt                  # the golden: Tests/Goldens/tokenizer
    python3 Tools/goldens/tokenizer.py VOCAB.txt --bulk 100000 F  # so many lines, full vocabulary, to F
    python3 Tools/goldens/tokenizer.py VOCAB.txt --slow 100000    # where the Python tokenizer differs

The comparison over many lines is run by hand, with F from --bulk:

    GITC_TOKENIZER_LINES=F swift test --filter BertGoldenTests

Transformers has two tokenizers of this name: the one that everybody gets, in Rust ("fast"), which is
the reference here, and an older one in Python ("slow"). --slow tells how they differ.

VOCAB.txt is bert-base-uncased's. The golden uses a part of it, written beside the lines, so that
the tests need nothing from outside the repository. Each line is a JSON object in ASCII:
`text`, `ids` (without [CLS] and [SEP]), and `decoded`: the ids with a [CLS] before and a [SEP] after
them, decoded with skip_special_tokens and clean_up_tokenization_spaces.
"""

import collections
import json
import pathlib
import random
import sys
import unicodedata

import tokenizers
import transformers

SEED = 20240601
LINES = 260
HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent.parent / "Tests" / "Goldens" / "tokenizer"

# Every rule of the tokenizer at least once.
FIXED = [
    "",
    " ",
    "a cat sits on a mat",
    "Two cats sleeping on a pink blanket next to remotes.",
    "what does the front of the bus say at the top?",
    "don't, can't; it's, we've - they're 'm he said 'no'!",
    "rock ' n ' roll . . . ? ! , ' '",
    "do not do n't",
    "[unused0] [CLS] [cls] [SEP][PAD]x[MASK]y[UNK]z [ SEP ] [SEP",
    "[[CLS]] [CLS[SEP]] ][",
    "[CLS]\u0301 a\u0301[SEP]\u0301",
    "##ing ing ##",
    "a\tb\nc\rd\u00a0e\u2003f\u3000g\u2028h\u2029i\u0085j\u000bk\u000cl",
    "zero\u0000width\u200bjoin\u200der\ufeffbom\u00adsoft\ufffdbad\ue000private",
    "Crème brûlée à la façon de Zürich, São Paulo, Łódź, İstanbul, Ærø, Straße, Þórr",
    "ΟΔΥΣΣΕΎΣ Σίσυφος σς ΑΣ",
    "Москва Ёлка й И\u0306",
    "a\u0327\u0301\u0323b o\u0302\u0308",
    "\u212b \u2126 \u212a \u037e \u1fef \u2000 \u0344 \u0340",
    "中文字abc汉字 日本語テキスト ガギグ ｶﾞ 한국어 각 \uf900\ufa10\U0002f800 \U00020000\U0002b820\U0002b920",
    "😀 👨\u200d👩\u200d👧 🇩🇪 ❤\ufe0f 1\ufe0f\u20e3",
    "नमस्ते বাংলা தமிழ் ไทย עִבְרִית العربيّة",
    "ﬁ ﬂ ½ ² ① Ⅳ ㎏ ｆｕｌｌ",
    "$5.99 <b>x=y+z</b> a^b `c` |d| ~e #f @g 50% _under_score_ {x} \\n",
    "“quotes” ‘single’ «angle» – — … ‽ ¿qué? ¡sí! 「かぎ」 。、",
    "x" * 100,
    "x" * 101,
    "\u00e9" * 100 + " " + "\u00e9" * 101,
    "e\u0301" * 100 + " " + "e\u0301" * 101,
    "\uac01" * 33 + " " + "\uac01" * 34,
    "!" * 120,
    "unaffable embeddings tokenization supercalifragilisticexpialidocious",
    "MiXeD CaSe WORDS ǅ Ǆ ẞ ﬀ",
    "\u0898a\u08e2b\u2e52c\U0001e8d0d\u1734e\u166df\U000111c9g\u1885h\ua9bdi\U0001171ej",
    "\u1d15e \U0001d15e\U0001d160 \u09cb \u0dde \u1b06",
]

WORDS = (
    "a the of on in with man woman dog cat street red blue sitting standing riding holding two three "
    "people group tennis baseball pizza table train bus clock tower beach surfboard skateboard kite "
    "giraffe zebra elephant umbrella laptop kitchen bathroom toothbrush unidentified photographing "
    "café naïve jalapeño Tokyo-style o'clock 3rd 1,000 10:30am U.S.A. e-mail state-of-the-art"
).split()

RANGES = [
    (0x20, 0x7F), (0xA0, 0x180), (0x180, 0x370), (0x370, 0x400), (0x400, 0x530), (0x590, 0x700),
    (0x900, 0xE00), (0xE00, 0xE80), (0x1000, 0x1200), (0x1E00, 0x2000), (0x2000, 0x2C00),
    (0x2E00, 0x2E80), (0x3040, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xF900, 0xFB50),
    (0xFB50, 0xFE00), (0xFE00, 0x10000), (0x1D100, 0x1D200), (0x1F300, 0x1FA00), (0x20000, 0x30000),
    (0xE0000, 0xE0200), (0, 0x110000),
]
SPECIALS = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "[cls]", "[unused0]", "[", "]"]
MARKS = "\u0300\u0301\u0308\u030a\u0323\u0327\u200d\ufe0f\u0903\u20dd"


def scalar(rng, low, high):
    while True:
        value = rng.randrange(low, high)
        if not 0xD800 <= value < 0xE000:
            return chr(value)


def part(rng, letters):
    kind = rng.randrange(12)
    if kind < 4:
        word = rng.choice(WORDS)
        return rng.choice([word, word, word.upper(), word.title()])
    if kind < 6:
        return "".join(rng.choice(letters) for _ in range(rng.randrange(1, 12)))
    if kind < 8:
        low, high = rng.choice(RANGES)
        return "".join(scalar(rng, low, high) for _ in range(rng.randrange(1, 8)))
    if kind == 8:
        return rng.choice(SPECIALS)
    if kind == 9:
        return rng.choice(WORDS) + rng.choice(MARKS) + rng.choice(["", ".", "!", "'s", "n't", "?,"])
    if kind == 10:
        return rng.choice(["\t", "\n", "\r\n", "\u0000", "\u0007", "\u200b", "\u00a0", "\u3000"])
    if rng.randrange(8):
        return "".join(rng.choice(".,;:!?'\"()-–…/&@#$%*+=<>^`|~_{}\\") for _ in range(3))
    return rng.choice(letters) * rng.randrange(95, 106)


def line(rng, letters):
    text = ""
    for _ in range(rng.randrange(1, 10)):
        text += part(rng, letters) + rng.choice(["", " ", " ", " "])
    return text


def part_of(tokens):
    """The special tokens, all single characters and the 3,400 most frequent words."""
    keep = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused0]"}
    first_word = tokens.index("the")
    keep.update(tokens[first_word : first_word + 3400])
    keep.update(t for t in tokens if len(t) == 1 or (t.startswith("##") and len(t) == 3))
    return [t for t in tokens if t in keep]


def records(path, texts):
    tokenizer = transformers.BertTokenizer(str(path))
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False)
        framed = [tokenizer.cls_token_id] + ids + [tokenizer.sep_token_id]
        decoded = tokenizer.decode(
            framed, skip_special_tokens=True, clean_up_tokenization_spaces=True
        )
        yield json.dumps({"decoded": decoded, "ids": ids, "text": text}, sort_keys=True)


def compare_slow(path, texts):
    """Prints on how many texts, and on which scalars alone, the tokenizer in Python differs."""
    from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

    fast, slow = transformers.BertTokenizer(str(path)), BertTokenizerLegacy(str(path))

    def differ(text):
        return fast.encode(text, add_special_tokens=False) != slow.encode(
            text, add_special_tokens=False)

    scalars = [chr(v) for v in range(0x110000) if not 0xD800 <= v < 0xE000]
    # Between letters, so that what vanishes, cuts or stays shows.
    alone = {c for c in scalars if differ(f"a{c}b")}
    kinds = collections.Counter(unicodedata.category(c) for c in alone)
    print(f"{len(alone)} of {len(scalars)} scalars differ, by category in Unicode",
          unicodedata.unidata_version, dict(kinds.most_common()))
    texts = list(texts)
    different = [t for t in texts if differ(t)]
    others = [t for t in different if not alone & set(t)]
    print(f"{len(different)} of {len(texts)} lines differ, {len(others)} without such a scalar")
    for text in others[:40]:
        print(ascii(text), fast.tokenize(text), slow.tokenize(text))


def main():
    assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
    source = pathlib.Path(sys.argv[1])
    tokens = source.read_text(encoding="utf-8").split("\n")[:-1]
    letters = [t for t in tokens if len(t) == 1]
    rng = random.Random(SEED)
    if len(sys.argv) == 5 and sys.argv[2] == "--bulk":
        texts = FIXED + [line(rng, letters) for _ in range(int(sys.argv[3]))]
        path, output = source, pathlib.Path(sys.argv[4])
    elif len(sys.argv) == 4 and sys.argv[2] == "--slow":
        return compare_slow(
            source, FIXED + [line(rng, letters) for _ in range(int(sys.argv[3]))])
    else:
        texts = FIXED + [line(rng, letters) for _ in range(LINES - len(FIXED))]
        GOLDEN.mkdir(parents=True, exist_ok=True)
        path, output = GOLDEN / "vocab.txt", GOLDEN / "lines.jsonl"
        path.write_text("\n".join(part_of(tokens)) + "\n", encoding="utf-8")
    output.write_text("\n".join(records(path, texts)) + "\n", encoding="ascii")


main()
