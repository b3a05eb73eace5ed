#!/usr/bin/env python3
"""Writes what HuggingFace's `generate` finds in small made-up languages: Tests/Goldens/search.

    pip install torch==2.15.0 transformers==5.23.0
    python3 Tools/goldens/search.py

A language is a table: the logits of the next token by position and last token. Token 0 ends a text,
token 1 begins it. Its logits have three decimals, so that both programs read the same numbers. For
every table and setting: the texts found, best first, and what they were ranked by.
"""

import json
import pathlib

import torch
import transformers
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


def main() -> None:
    torch.manual_seed(SEED)
    languages = []
    for _ in range(TABLES):
        table = torch.round(1.5 * torch.randn(POSITIONS, TOKENS, TOKENS), decimals=3)
        config = transformers.GPT2Config(
            vocab_size=TOKENS, eos_token_id=0, bos_token_id=1, pad_token_id=0, use_cache=False)
        model = TableModel(config, table).eval()
        cases = []
        for beams in [1, 2, 3, 5]:
            for penalty in [0.0, 0.6, 1.0, 2.0]:
                for limit in [1, 3, POSITIONS - 1]:
                    found = model.generate(
                        torch.tensor([[1]]), num_beams=beams, num_return_sequences=beams,
                        length_penalty=penalty, max_new_tokens=limit, do_sample=False,
                        early_stopping=False, output_scores=True, return_dict_in_generate=True)
                    texts = []
                    for row in found.sequences.tolist():
                        # Padding is the end token too: a text ends with the first.
                        end = row.index(0) + 1 if 0 in row else len(row)
                        texts.append(row[:end])
                    scores = found.sequences_scores.tolist() if beams > 1 else []
                    cases.append(dict(beams=beams, lengthPenalty=penalty, maximumTokens=limit,
                                      texts=texts, scores=[round(s, 5) for s in scores]))
        rows = [[[round(x, 3) for x in row] for row in rows] for rows in table.tolist()]
        languages.append(dict(table=rows, cases=cases))
    GOLDENS.mkdir(parents=True, exist_ok=True)
    (GOLDENS / "tables.json").write_text(json.dumps(
        {"script": "Tools/goldens/search.py", "seed": SEED,
         "transformers": transformers.__version__, "languages": languages},
        separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
