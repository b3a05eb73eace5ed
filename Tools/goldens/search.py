#!/usr/bin/env python3
"""Writes what other searches find in small made-up languages: Tests/Goldens/search.

    pip install torch==2.15.0 transformers==5.23.0
    python3 Tools/goldens/search.py

A language is a table: the logits of the next token by position and last token. Token 0 ends a text,
token 1 begins it. Its logits have three decimals, so that both programs read the same numbers.

- tables.json: Hugging Face's `generate`, greedily and with beams. For every table and setting: the texts
  found, best first, and what they were ranked by.
- constraints.json: the same with banned tokens (`bad_words_ids`) and with classes
  (`prefix_allowed_tokens_fn`).
- original.json: the original repository's beam search, by `original_beam_search` below, which was
  written from a description of what it does and shares no code with it.
- sampling.json: what Hugging Face's warpers leave of a distribution.
"""

import json
import math
import pathlib

import torch
import transformers
from transformers.generation.logits_process import (
    TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper)
from transformers.modeling_outputs import CausalLMOutput

SEED = 20240603
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "search"
TABLES, POSITIONS, TOKENS = 8, 8, 6


class TableModel(transformers.PreTrainedModel, transformers.GenerationMixin):
    """A language model that looks its logits up."""

    config_class = transformers.GPT2Config
    main_input_name = "input_ids"

    def __init__(self, config, table):
        super().__init__(config)
        self.table = torch.nn.Parameter(table)

    def forward(self, input_ids, **_):
        positions = torch.arange(input_ids.shape[1])
        return CausalLMOutput(logits=self.table[positions, input_ids])

    def prepare_inputs_for_generation(self, input_ids, **_):
        return {"input_ids": input_ids}


def random_table(positions: int, tokens: int) -> torch.Tensor:
    return torch.round(1.5 * torch.randn(positions, tokens, tokens), decimals=3)


def rows(table: torch.Tensor) -> list:
    return [[[round(x, 3) for x in row] for row in rows] for rows in table.tolist()]


def table_model(table: torch.Tensor) -> TableModel:
    config = transformers.GPT2Config(
        vocab_size=table.shape[1], eos_token_id=0, bos_token_id=1, pad_token_id=0, use_cache=False)
    return TableModel(config, table).eval()


def search(model: TableModel, beams: int, limit: int, penalty: float = 1.0, **settings) -> dict:
    found = model.generate(
        torch.tensor([[1]]), num_beams=beams, num_return_sequences=beams, length_penalty=penalty,
        max_new_tokens=limit, do_sample=False, output_scores=True, return_dict_in_generate=True,
        **settings)
    texts = []
    for row in found.sequences.tolist():
        # Padding is the end token too: a text ends with the first.
        end = row.index(0) + 1 if 0 in row else len(row)
        texts.append(row[:end])
    scores = found.sequences_scores.tolist() if beams > 1 else []
    return dict(beams=beams, lengthPenalty=penalty, maximumTokens=limit, texts=texts,
                scores=[round(s, 5) for s in scores])


def beam_cases(model: TableModel) -> list[dict]:
    cases = [search(model, beams, limit, penalty, early_stopping=False)
             for beams in [1, 2, 3, 5] for penalty in [0.0, 0.6, 1.0, 2.0]
             for limit in [1, 3, POSITIONS - 1]]
    for beams in [2, 3]:
        for penalty in [-0.5, 1.0, 2.0]:
            for stopping in [True, "never"]:
                case = search(model, beams, POSITIONS - 1, penalty, early_stopping=stopping)
                cases.append(case | dict(earlyStopping=str(stopping).lower()))
    return cases


def constraint_cases(model: TableModel, generator: torch.Generator) -> list[dict]:
    cases = []
    for banned in [[3], [2, 4]]:
        for beams in [1, 3]:
            case = search(model, beams, 5, bad_words_ids=[[token] for token in banned])
            cases.append(case | dict(banned=banned))
    for count in [2, 5, 9]:
        classes = []
        while len(classes) < count:
            length = int(torch.randint(1, 4, [1], generator=generator))
            name = torch.randint(1, TOKENS, [length], generator=generator).tolist() + [0]
            if name not in classes:
                classes.append(name)

        def allowed(_, ids):
            text = ids.tolist()[1:]
            # What no class has is followed, at no probability, by the end.
            return sorted({name[len(text)] for name in classes
                           if name[:len(text)] == text and len(name) > len(text)}) or [0]

        for beams in [1, 2, 4]:
            for penalty in [0.0, 1.0]:
                case = search(model, beams, 6, penalty, prefix_allowed_tokens_fn=allowed)
                # Beams that no class is left for end in texts of no probability.
                if beams > 1:
                    case["scores"] = [score for score in case["scores"] if score > -1e6]
                    case["texts"] = case["texts"][:len(case["scores"])]
                cases.append(case | dict(classes=classes))
    return cases


def original_beam_search(
        table: list, prompt: list[int], beams: int, maximum: int, penalty: float) -> dict:
    """The best text of at most `maximum` tokens, prompt included, and its score."""

    def normalised(total: float, length: int) -> float:
        return total / ((5 + length) / 6) ** penalty

    running = [(0.0 if beam == 0 else -1e9, list(prompt)) for beam in range(beams)]
    best = None  # score, tokens, whether it ended
    while len(running[0][1]) < maximum:
        length = len(running[0][1])
        everything = []
        for total, text in running:
            logits = table[length - 1][text[-1]]
            log_sum = math.log(sum(math.exp(logit) for logit in logits))
            everything += [(total + logit - log_sum, text, token)
                           for token, logit in enumerate(logits)]
        everything.sort(key=lambda candidate: -candidate[0])
        candidates = everything[:2 * beams]
        # A text of the greatest length is the most the likeliest continuation can hope for.
        if best is not None and best[0] >= normalised(candidates[0][0], maximum - 1):
            break
        following = []
        for total, text, token in candidates:
            if token == 0 or length + 1 == maximum:
                score = normalised(total, length)
                if best is None or score > best[0]:
                    best = (score, text, token == 0)
            else:
                following.append((total, text + [token]))
            if len(following) == beams:
                break
        if length + 1 == maximum:
            break
        running = following
    score, text, ended = best
    return dict(text=text + [0] * ended, score=round(score, 9))


def original_languages() -> list[dict]:
    languages = []
    for _ in range(4):
        # With nine tokens 2 · beams continuations are always there.
        table = rows(random_table(POSITIONS, 9))
        cases = [
            dict(beams=beams, prompt=prompt, maximum=maximum, lengthPenalty=penalty)
            | original_beam_search(table, prompt, beams, maximum, penalty)
            for beams in [1, 2, 4] for prompt in [[1], [1, 5, 3]] for maximum in [4, POSITIONS]
            # 4 makes long texts win after short ones are found, so that the rule to stop shows.
            for penalty in [0.6, 1.0, 4.0]]
        languages.append(dict(table=table, cases=cases))
    return languages


def sampling_cases() -> list[dict]:
    cases = []
    for temperature, k, p in [
            (1.0, None, 1.0), (0.5, None, 1.0), (2.0, 7, 1.0), (1.0, 1, 1.0), (1.0, None, 0.9),
            (0.7, None, 0.5), (1.3, 12, 0.8), (1.0, None, 0.01), (1.0, 100, 0.999)]:
        # No two are equal: at ties Hugging Face keeps more than k.
        logits = (torch.randperm(4000)[:40].double() - 2000) / 500
        scores = TemperatureLogitsWarper(temperature)(None, logits[None])
        if k:
            scores = TopKLogitsWarper(k)(None, scores)
        if p < 1:
            scores = TopPLogitsWarper(p)(None, scores)
        cases.append(dict(
            temperature=temperature, topK=k, topP=p, logits=logits.tolist(),
            probabilities=[round(x, 9) for x in scores.softmax(-1)[0].tolist()]))
    return cases


def write(name: str, **values) -> None:
    (GOLDENS / f"{name}.json").write_text(json.dumps(
        {"script": "Tools/goldens/search.py", "seed": SEED,
         "transformers": transformers.__version__} | values, separators=(",", ":")) + "\n")


def main() -> None:
    GOLDENS.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(SEED)
    tables = [random_table(POSITIONS, TOKENS) for _ in range(TABLES)]
    models = [table_model(table) for table in tables]
    write("tables", languages=[
        dict(table=rows(table), cases=beam_cases(model)) for table, model in zip(tables, models)])
    generator = torch.Generator().manual_seed(SEED)
    write("constraints", languages=[
        dict(table=rows(table), cases=constraint_cases(model, generator))
        for table, model in zip(tables[:4], models)])
    write("original", languages=original_languages())
    write("sampling", cases=sampling_cases())


if __name__ == "__main__":
    main()
