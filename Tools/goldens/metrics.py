#!/usr/bin/env python3
"""Writes what the reference programs make of captions and answers: Tests/Goldens/metrics.

    pip install pycocoevalcap==1.2          # and Java, for its tokenizer
    git clone https://github.com/GT-Vision-Lab/VQA
    python3 Tools/goldens/metrics.py VQA

`tokens.tsv` holds a text and the tokens of pycocoevalcap's PTBTokenizer; `captions.json` tokenized
captions with BLEU, ROUGE-L and CIDEr; `answers.json` answers with the official accuracy.
"""

import argparse
import json
import math
import pathlib
import random
import re
import types

from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider_scorer import CiderScorer
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

SEED = 20251125
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "metrics"

COMMON = """a an the man woman child dog cat horse riding standing on in with of street red blue large
small two three young people group sitting next to plate food pizza table bus train parked road top
holding umbrella tennis racket ball skateboard wave ocean grey colour theatre""".split()
ODD = r"""isn't can't won't don't it's dog's dogs' he's they're we've I'm I'd you'll o'clock y'all
rock'n'roll T-shirt t-shirt x-ray twenty-one black-and-white 20-year-old and/or w/ 1/2 3/4 1 2 10 100
1,000 3.5 12:30 10% $5 $5.00 £3 €4 #1 U.S. U.S.A. a.m. p.m. e.g. i.e. etc. Mr. Mrs. Dr. St. Ave. Inc.
Co. Jr. vs. No. fig. Jan. Mon. cannot gonna wanna 'tis 'twas 'em '90s 1990s 90's 1st 2nd 5' 6" 6'2"
café naïve jalapeño über ½ ¼ — – … ... .. -- - -hat "hello" 'hi' “quoted” ‘q’ it’s don’t (maybe) ( )
[x] {y} & AT&T R&B * + = / \ | ~ ^ ` `` '' @home #tag http://a.com/b www.foo.com foo.com me@x.com :)
:-) ;-) <3 > < <b> </b> photo.jpg file.txt a.b a..b hello.World one,two one;two one:two x! y? ?! !! ???
no.5 5k 4x4 1080p 2014-05-06 5/6/2014 555-1234 (555) 123-4567 A.B. J.K. Ph.D. B.S. C++ word_word
d'oeuvres hors-d'oeuvre l'eau O'Brien mother-in-law's 's 're n't 've cap'n nor'easter somethin' ol'
mid-air pre-school re-do non-U.S. 30° 30°F °C ™ © 100mph 7-Eleven 7-up 50/50 24/7 m&m's M&M's &amp; &lt;
&quot; o'er ma'am OK! ok. a. b. I. man. woman, dog; cat: bird! why? (dog) "dog dog" 'dog dog' dog- -dog
3-D 3D 4-wheel-drive #2 2# 3'x5' 18"x24" ,5 .5 5. +5 -5 1-2 1–2 x=y 5*5 ca. pp. sq. ft. oz. lbs. approx.
dept. blvd. Ft. Mt. Rd. Sgt. Gov. 😀 日本""".split()
SIGNS = "aA bB.,'-5$/\"!?&:;()@#e s nt"


def texts(random):
    """Plain captions, captions of oddities, and characters at random."""
    for index in range(450):
        if index % 9 == 8:
            yield "".join(random.choice(SIGNS) for _ in range(random.randint(4, 20))).strip() or "a"
            continue
        share = 0.08 if index % 3 else 0.6
        text = ""
        for _ in range(random.randint(3, 10)):
            word = random.choice(ODD if random.random() < share else COMMON)
            if random.random() < 0.1:
                word = word.capitalize()
            text += word + random.choice([" "] * 20 + [", ", ". ", "-", "/"])
        yield text.strip() + random.choice(["", "."])


def tokens(random):
    rows = list(texts(random))
    # What the next line begins with may decide how a line ends; here it is always the same.
    captions = {index: [{"caption": row}, {"caption": "dog"}] for index, row in enumerate(rows)}
    found = PTBTokenizer().tokenize(captions)
    lines = [f"{row}\t{found[index][0]}\n" for index, row in enumerate(rows)]
    (GOLDENS / "tokens.tsv").write_text("".join(lines))


def plain_cider(scorer, texts):
    """CIDEr without clipping and penalty, from a scorer that has counted documents."""
    logs = math.log(len(texts))

    def vector(text, n):
        words = text.split()
        counts = {}
        for start in range(len(words) - n + 1):
            gram = tuple(words[start : start + n])
            counts[gram] = counts.get(gram, 0) + 1
        return {g: c * (logs - math.log(max(1, scorer.document_frequency[g]))) for g, c in counts.items()}

    def cosine(a, b):
        norms = math.sqrt(sum(x * x for x in a.values())) * math.sqrt(sum(x * x for x in b.values()))
        return sum(x * b.get(g, 0) for g, x in a.items()) / norms if norms else 0

    return [
        10 * sum(cosine(vector(c, n), vector(r, n)) for r in refs for n in range(1, 5)) / 4 / len(refs)
        for c, refs in texts
    ]


def captions(random):
    texts = []
    for _ in range(40):
        truth = [random.choice(COMMON) for _ in range(random.randint(4, 12))]

        def said():
            return " ".join(w if random.random() < 0.7 else random.choice(COMMON) for w in truth)

        texts.append((said(), [said() for _ in range(random.randint(1, 5))]))
    texts[3] = ("", texts[3][1])
    texts[5] = ("dog", ["a dog", "dog"])
    texts[7] = (texts[7][1][0], texts[7][1])
    texts[9] = ("1\u00a01/2 cups of food", ["1\u00a01/2 cups of food on a table"])
    texts[11] = ("the the the the the", ["the dog"])
    gts = {index: refs for index, (_, refs) in enumerate(texts)}
    res = {index: [said] for index, (said, _) in enumerate(texts)}
    bleu, _ = Bleu(4).compute_score(gts, res, verbose=0)
    _, rouge = Rouge().compute_score(gts, res)
    scorer = CiderScorer()
    for said, refs in texts:
        scorer += (said, refs)
    _, clipped = scorer.compute_score()
    golden = {
        "texts": [{"candidate": said, "references": refs} for said, refs in texts],
        "bleu": bleu,
        "rouge": rouge.tolist(),
        "cider_d": clipped.tolist(),
        "cider": plain_cider(scorer, texts),
    }
    (GOLDENS / "captions.json").write_text(json.dumps(golden, indent=0) + "\n")


def official(folder):
    """The class VQAEval, a program for Python 2."""
    path = folder / "PythonEvaluationTools" / "vqaEvaluation" / "vqaEval.py"
    code = re.sub(r'print "(.*)"', r'pass', path.read_text())
    module = types.ModuleType("vqaEval")
    exec(compile(code, str(path), "exec"), module.__dict__)
    module.VQAEval.updateProgress = lambda self, progress: None
    return module.VQAEval


def answers(random, folder):
    said = """yes no Yes. two 2 three none zero the\tdog a_dog dog,cat dog cat dog/cat don't dont cant
    can't 1,000 1000 3.5 .5 5. it's its isnt theyre whats youve o'clock oclock red-and-white red,white
    red white U.S. what? (left) left ten 10 ow's'at he'd've hed've y'alld've an~the 100% $5 #1""".split()
    said += ["on the left", "on left", "red, white", "red ,white", "1, 2", "two dogs", "2 dogs", "a cat",
             "new york, ny", "a.b.c", "  yes  ", "the", "white & blue", "don't know", "yes!", "50 - 50"]
    rows = []
    for index in range(120):
        pool = random.sample(said, random.randint(1, 4))
        given = [random.choice(pool) for _ in range(10 if index % 5 else random.randint(1, 9))]
        rows.append((random.choice(pool + [random.choice(said)]), given))
    qa = {
        index: {
            "answers": [{"answer": a, "answer_id": i + 1} for i, a in enumerate(given)],
            "question_type": "what", "answer_type": "other",
        }
        for index, (_, given) in enumerate(rows)
    }
    questions = types.SimpleNamespace(qa=qa, getQuesIds=lambda: list(qa))
    results = types.SimpleNamespace(
        qa={index: {"answer": answer} for index, (answer, _) in enumerate(rows)},
        getQuesIds=lambda: list(qa))
    evaluation = official(folder)(questions, results, n=9)
    evaluation.evaluate()
    golden = [
        {"answer": answer, "answers": given, "accuracy": evaluation.evalQA[index] / 100}
        for index, (answer, given) in enumerate(rows)
    ]
    (GOLDENS / "answers.json").write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in golden) + "\n]\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vqa", type=pathlib.Path, help="a clone of GT-Vision-Lab/VQA")
    folder = parser.parse_args().vqa
    GOLDENS.mkdir(parents=True, exist_ok=True)
    tokens(random.Random(SEED))
    captions(random.Random(SEED + 1))
    answers(random.Random(SEED + 2), folder)
