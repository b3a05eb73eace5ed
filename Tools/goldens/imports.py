#!/usr/bin/env python3
"""Writes tiny random models as public GIT weights come, and what they say: Tests/Goldens/imports.

    pip install torch==2.15.0 transformers==5.24.0 safetensors pyyaml
    git clone https://github.com/microsoft/GenerativeImage2Text
    python3 Tools/goldens/imports.py GenerativeImage2Text

Each folder is one that `gitc import` takes, with `expected.safetensors` beside the model: pixels and
logits of every case, and the cases as JSON in its metadata: the prompt, the tokens greedy search adds,
and those of beam searches. Hugging Face folders are computed by Hugging Face's port, original ones by the
original repository's own modules; both in float64 from the weights as stored. Beam searches are Hugging
Face's `generate`. Seeds are tried until cases differ and no rounding could turn a token.
"""

import json
import pathlib
import sys
import types

import torch
import transformers
import yaml
from safetensors.torch import save_file

SEED = 20261125
GOLDENS = pathlib.Path(__file__).resolve().parent.parent.parent / "Tests" / "Goldens" / "imports"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "##s", "##ing", "a", "the", "red", "blue",
         "green", "circle", "square", "dog", "cat", "move", "left", "right", "up", "down", "what", "is",
         "it", "where", "of", "on", "and", "two", "three", "large", "small", "above", "below", "man"]
START, END = WORDS.index("[CLS]"), WORDS.index("[SEP]")
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def randomize(model: torch.nn.Module, dtype: torch.dtype) -> None:
    """Weights that make what is said depend on the image, as `dtype` holds them."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            is_norm = "norm" in name.lower() or ".ln_" in name or "visual_projection.1" in name
            center = 1.0 if is_norm and name.endswith("weight") else 0.0
            spread = 0.5 if parameter.dim() > 1 else 0.25
            if "embedding" in name or "words" in name or "positions" in name:
                spread = 0.3
            fan_in = parameter[0].numel() if parameter.dim() > 1 and spread == 0.5 else 16
            value = center + spread * (16 / fan_in) ** 0.5 * torch.randn(parameter.shape)
            parameter.copy_(value.to(dtype).float())


class Unsuitable(Exception):
    """These weights say the same of everything, or something another rounding could turn."""


def first_suitable(attempt) -> None:
    """Runs `attempt` with one seed after the other until the weights are of use."""
    for seed in range(1000):
        torch.manual_seed(SEED + seed)
        try:
            return attempt(SEED + seed)
        except Unsuitable as reason:
            print(seed, reason, flush=True)
    sys.exit("no suitable weights")


def require(condition: bool, what: str) -> None:
    if not condition:
        raise Unsuitable(what)


class Oracle:
    """Logits of a model, and the searches over them."""

    def __init__(self, logits, hf, temporal: bool):
        self.logits, self.hf, self.temporal = logits, hf, temporal

    def greedy(self, pixels: torch.Tensor, prompt: list[int], limit: int) -> list[int]:
        tokens = list(prompt)
        while len(tokens) < len(prompt) + limit and (len(tokens) == len(prompt) or tokens[-1] != END):
            row = self.logits(pixels, tokens)[-1]
            best = row.topk(2).values
            require(best[0] - best[1] > 1e-3, "a greedy step is nearly a tie")
            tokens.append(int(row.argmax()))
        return tokens

    def beams(self, pixels: torch.Tensor, prompt: list[int], limit: int) -> dict:
        beams = {}
        for width in [2, 4]:
            given = pixels[None].double() if self.temporal else pixels.double()
            found = self.hf.generate(
                pixel_values=given, input_ids=torch.tensor([prompt]), num_beams=width,
                num_return_sequences=width, max_new_tokens=limit, do_sample=False, length_penalty=1.0,
                early_stopping=False, output_scores=True, return_dict_in_generate=True,
                eos_token_id=END, pad_token_id=END)
            texts = []
            for row in found.sequences.tolist():
                end = row.index(END, len(prompt)) + 1 if END in row[len(prompt):] else len(row)
                texts.append(row[:end])
            scores = found.sequences_scores.tolist()
            require(all(a - b > 1e-4 for a, b in zip(scores, scores[1:])), "beams are nearly tied")
            beams[str(width)] = dict(texts=texts, scores=[round(s, 6) for s in scores])
        return beams


def write_expected(folder: pathlib.Path, oracle: Oracle, images: list[torch.Tensor], seed: int) -> None:
    questions = [[], [WORDS.index(w) for w in ["what", "is", "it", "?"]]]
    cases, tensors, limit = [], {}, 8
    for index, pixels in enumerate(images):
        tensors[f"pixels.{index}"] = pixels.contiguous()
        for question in questions:
            prompt = [START, *question]
            greedy = oracle.greedy(pixels, prompt, limit)
            tensors[f"logits.{len(cases)}"] = oracle.logits(pixels, greedy).float().contiguous()
            cases.append(dict(pixels=index, prompt=prompt, limit=limit, greedy=greedy))
    said = {tuple(case["greedy"][len(case["prompt"]):]) for case in cases}
    require(len(said) >= len(cases) - 1, "images or questions do not matter")
    for case in cases:
        case["beams"] = oracle.beams(images[case["pixels"]], case["prompt"], limit)
    print(folder.name, seed, [" ".join(WORDS[t] for t in case["greedy"]) for case in cases])
    save_file(tensors, folder / "expected.safetensors", dict(
        script="Tools/goldens/imports.py", seed=str(seed), torch=torch.__version__,
        transformers=transformers.__version__, cases=json.dumps(cases)))


# Hugging Face ---------------------------------------------------------------------------------------


def hugging_face(name: str, vision: dict, text: dict, frames: int, images: int, dtype: torch.dtype,
                 tied: bool) -> tuple[pathlib.Path, dict]:
    """The folder with config.json and what is expected, and the tensors as stored."""
    return folder_of(name), first_suitable(
        lambda seed: hugging_face_of_seed(folder_of(name), vision, text, frames, images, dtype, tied, seed))


def folder_of(name: str) -> pathlib.Path:
    folder = GOLDENS / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def hugging_face_of_seed(folder: pathlib.Path, vision: dict, text: dict, frames: int, images: int,
                         dtype: torch.dtype, tied: bool, seed: int) -> dict:
    config = transformers.GitConfig(
        vision_config=vision, num_image_with_embedding=frames or None, vocab_size=len(WORDS),
        bos_token_id=START, eos_token_id=END, attn_implementation="eager", **text)
    model = transformers.GitForCausalLM(config).eval()
    randomize(model, dtype)
    with torch.no_grad():
        if tied:
            model.output.weight.copy_(model.git.embeddings.word_embeddings.weight)
        model.output.bias[:5] = torch.tensor([-9, -9, -9, 0.7, -9]).to(dtype)
    config.save_pretrained(folder)
    tensors = {key: value.to(dtype).contiguous().clone() for key, value in model.state_dict().items()}
    double = model.double()

    def logits(pixels, tokens):
        with torch.no_grad():
            given = pixels[None] if frames else pixels
            rows = double(input_ids=torch.tensor([tokens]), pixel_values=given.double(),
                          use_cache=False).logits
        return rows[0, -len(tokens):]

    size = vision["image_size"]
    pixels = [torch.randn([max(1, min(frames, 1 + i * 2)), 3, size, size]) for i in range(images)]
    write_expected(folder, Oracle(logits, double, frames > 0), pixels, seed)
    return tensors


def write_json(path: pathlib.Path, value) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def processor(size: int, kind: str = "CLIPImageProcessor") -> dict:
    video = kind == "VideoMAEImageProcessor"
    return {
        "crop_size": {"height": size, "width": size}, "do_center_crop": True, "do_normalize": True,
        "do_rescale": True, "do_resize": True, "image_mean": [0.5] * 3 if video else CLIP_MEAN,
        "image_processor_type": kind, "image_std": [0.5] * 3 if video else CLIP_STD,
        "resample": 2 if video else 3, "rescale_factor": 0.00392156862745098,
        "size": {"shortest_edge": size}}


def write_hugging_face() -> None:
    # A patch of 14 that does not divide the image; three heads of 5 columns, four of 7; files as the
    # first releases wrote them: sizes as numbers, vocab.txt.
    folder, tensors = hugging_face(
        "hf-image", dict(image_size=29, patch_size=14, hidden_size=15, num_hidden_layers=2,
                         num_attention_heads=3, intermediate_size=22),
        dict(hidden_size=28, num_hidden_layers=2, num_attention_heads=4, intermediate_size=30,
             max_position_embeddings=20), frames=0, images=3, dtype=torch.float32, tied=False)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    old = processor(29) | dict(size=29, crop_size=29)
    del old["do_rescale"], old["rescale_factor"]
    write_json(folder / "preprocessor_config.json", old)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")

    # Clips, in bfloat16 shards, with the published spelling of the temporal embedding and the buffers of
    # older releases; the output layer equals the word table; tokenizer.json alone.
    folder, tensors = hugging_face(
        "hf-video", dict(image_size=16, patch_size=8, hidden_size=24, num_hidden_layers=1,
                         num_attention_heads=3, intermediate_size=32),
        dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=1, intermediate_size=36,
             max_position_embeddings=20), frames=3, images=2, dtype=torch.bfloat16, tied=True)
    tensors = {key.replace("img_temporal", "img_temperal"): value for key, value in tensors.items()}
    tensors["git.embeddings.position_ids"] = torch.arange(20)[None]
    tensors["git.image_encoder.vision_model.embeddings.position_ids"] = torch.arange(5)[None]
    names = sorted(tensors)
    shards = [names[:20], names[20:]]
    weight_map = {}
    for index, shard in enumerate(shards):
        file = f"model-{index + 1:05}-of-{len(shards):05}.safetensors"
        save_file({key: tensors[key] for key in shard}, folder / file, {"format": "pt"})
        weight_map |= {key: file for key in shard}
    write_json(folder / "model.safetensors.index.json",
               {"metadata": {"total_size": 0}, "weight_map": weight_map})
    write_json(folder / "preprocessor_config.json", processor(16, "VideoMAEImageProcessor"))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    (folder / "vocab.txt").unlink(missing_ok=True)

    # A larger grid, in float16, with the one file that newer releases write for images and text.
    folder, tensors = hugging_face(
        "hf-vqa", dict(image_size=30, patch_size=4, hidden_size=16, num_hidden_layers=2,
                       num_attention_heads=2, intermediate_size=64),
        dict(hidden_size=21, num_hidden_layers=2, num_attention_heads=3, intermediate_size=84,
             max_position_embeddings=16), frames=0, images=2, dtype=torch.float16, tied=False)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    write_json(folder / "processor_config.json",
               {"image_processor": processor(30), "processor_class": "GitProcessor"})
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")


# The original repository ----------------------------------------------------------------------------


def original_modules(path: str):
    """Its encoder and decoder; what it imports for downloads is not needed."""
    for name in ["six", "boto3", "requests", "botocore", "botocore.exceptions"]:
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.modules["botocore.exceptions"].ClientError = Exception
    sys.path.insert(0, path)
    from generativeimage2text.layers.CLIP.model import VisualTransformer
    from generativeimage2text.layers.decoder import CaptioningModel, TransformerDecoderTextualHead
    return VisualTransformer, TransformerDecoderTextualHead, CaptioningModel


def renamed(state: dict) -> dict:
    """Hugging Face's names for the original's, as its converter documents them."""
    result = {}
    for key, value in state.items():
        for a, b in [("image_encoder.class_embedding", "git.image_encoder.vision_model.embeddings.class_embedding"),
                     ("image_encoder.conv1", "git.image_encoder.vision_model.embeddings.patch_embedding"),
                     ("image_encoder.positional_embedding",
                      "git.image_encoder.vision_model.embeddings.position_embedding.weight"),
                     ("image_encoder.ln_pre", "git.image_encoder.vision_model.pre_layrnorm"),
                     ("image_encoder.ln_post", "git.image_encoder.vision_model.post_layernorm"),
                     ("image_encoder.transformer.resblocks", "git.image_encoder.vision_model.encoder.layers"),
                     (".ln_1", ".layer_norm1"), (".ln_2", ".layer_norm2"), (".mlp.c_fc", ".mlp.fc1"),
                     (".mlp.c_proj", ".mlp.fc2"), (".attn.out_proj", ".self_attn.out_proj"),
                     ("textual.visual_projection", "git.visual_projection.visual_projection"),
                     ("textual.embedding.words", "git.embeddings.word_embeddings"),
                     ("textual.embedding.positions", "git.embeddings.position_embeddings"),
                     ("textual.embedding.layer_norm", "git.embeddings.LayerNorm"),
                     ("textual.transformer.encoder", "git.encoder"), ("textual.output", "output"),
                     ("img_temperal_embedding", "git.img_temporal_embedding")]:
            key = key.replace(a, b)
        if ".attn.in_proj_" in key:
            base, kind = key.split(".attn.in_proj_")
            for name, part in zip("qkv", value.chunk(3)):
                result[f"{base}.self_attn.{name}_proj.{kind}"] = part
        else:
            result[key] = value
    return result


def original(modules, name: str, size: int, frames: int, parameters: dict, dtype: torch.dtype,
             prefix: str, seed: int) -> None:
    """Heads have 64 columns there, so this is as small as it gets."""
    visual, head, captioner = modules
    folder = folder_of(name)
    encoder = visual(size, 8, 64, 1, 1, 32, output_grid=True, grid_after_ln=True)
    # Its own width is four times the model's.
    encoder.transformer.resblocks[0].mlp.c_fc = torch.nn.Linear(64, 24)
    encoder.transformer.resblocks[0].mlp.c_proj = torch.nn.Linear(24, 64)
    decoder = head(64, len(WORDS), 64, 1, 1, 24, max_caption_length=16, padding_idx=0,
                   decoder_type="bert_en", visual_projection_type="linearLn")
    model = captioner(encoder, decoder, START, END, num_image_with_embedding=frames or None).eval()
    randomize(model, dtype)
    with torch.no_grad():
        model.textual.output.bias[:5] = torch.tensor([-9, -9, -9, 0.7, -9]).to(dtype)
    # One storage for the tied table, as the original has it, and one order of saving.
    state, seen = {}, {}
    for key, value in model.state_dict().items():
        if value.data_ptr() not in seen:
            seen[value.data_ptr()] = value.detach().to(dtype).clone()
        state[prefix + key] = seen[value.data_ptr()]
    state[prefix + "image_encoder.proj"] = torch.randn(64, 3).to(dtype)
    torch.save({"model": state, "iteration": 120}, folder / "model.pt")
    if parameters:
        (folder / "parameter.yaml").write_text(yaml.safe_dump(parameters, sort_keys=False))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")

    double = model.double()

    def logits(pixels, tokens):
        with torch.no_grad():
            features = [double.image_encoder(frame[None]) for frame in pixels.double()]
            if frames:
                features = [f + e for f, e in zip(features, double.img_temperal_embedding)]
            return double.textual(torch.cat(features, dim=1), torch.tensor([tokens]))[0]

    config = transformers.GitConfig(
        vision_config=dict(image_size=size, patch_size=8, hidden_size=64, num_hidden_layers=1,
                           num_attention_heads=1, intermediate_size=24),
        hidden_size=64, num_hidden_layers=1, num_attention_heads=1, intermediate_size=24,
        max_position_embeddings=16, vocab_size=len(WORDS), num_image_with_embedding=frames or None,
        bos_token_id=START, eos_token_id=END, attn_implementation="eager")
    twin = transformers.GitForCausalLM(config).eval().double()
    twin.load_state_dict(renamed(double.state_dict()))
    twin.git.embeddings.LayerNorm.eps = 1e-8
    pixels = [torch.randn([max(1, min(frames, 1 + i)), 3, size, size]) for i in range(2)]
    # The two agree, but for the port's softmax in binary32, so its searches are the original's model's.
    tokens = [START, 9, 11, 14]
    given = pixels[1][None] if frames else pixels[1]
    with torch.no_grad():
        theirs = twin(input_ids=torch.tensor([tokens]), pixel_values=given.double(), use_cache=False)
    difference = (theirs.logits[0, -4:] - logits(pixels[1], tokens)).abs().max()
    assert difference < 1e-5, f"the port is {difference} from the original"
    write_expected(folder, Oracle(logits, twin, frames > 0), pixels, seed)


def write_original(path: str) -> None:
    modules = original_modules(path)
    first_suitable(lambda seed: original(
        modules, "original-image", 16, 0, dict(test_crop_size=16, visual_feature_size=64),
        torch.float16, "module.", seed))
    first_suitable(lambda seed: original(
        modules, "original-video", 24, 2,
        dict(num_image_with_embedding=2, test_crop_size=24, visual_feature_size=64), torch.float16, "",
        seed))


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)  # tiny sums in one order
    write_hugging_face()
    write_original(sys.argv[1])
