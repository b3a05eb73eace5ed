"""GIT in three modules, from the weights of transformers' GitForCausalLM: what every engine runs.

None of the engines ships these. They give each the structure that gitc has, so that only the engines
are compared: one product for queries, keys and values; image tokens go through the decoder once;
their keys and values are shared by all beams and never copied; the last layer of the prefix computes
keys and values alone.
"""
import torch
from torch import nn
from torch.nn import functional as F

from workload import HEADS, LENGTH


def random_git(shape, folder=None):
    """transformers' GitForCausalLM with random weights of a fixed seed; saved if `folder` is given.

    `shape`: git-base, git-base-video (temporal embeddings of six frames) or git-large."""
    from transformers import GitConfig, GitForCausalLM

    vision = dict(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        patch_size=14) if shape == "git-large" else {}
    torch.manual_seed(1)
    frames = 6 if shape == "git-base-video" else None
    model = GitForCausalLM(
        GitConfig(vision_config=vision, num_image_with_embedding=frames)).eval()
    if folder:
        model.save_pretrained(folder)
    return model


def heads_of(x, heads):
    return x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)


def joined(linears):
    result = nn.Linear(linears[0].in_features, sum(l.out_features for l in linears))
    result.weight.data = torch.cat([l.weight.data for l in linears])
    result.bias.data = torch.cat([l.bias.data for l in linears])
    return result


class Attention(nn.Module):
    """softmax(q kᵀ / √d) v over [batch, rows, width]; `form` chooses how an exporter sees it."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads
        self.form = "torch"

    def forward(self, q, k, v):
        if self.form == "onnxruntime":
            return torch.onnx.ops.symbolic(
                "com.microsoft::MultiHeadAttention", (q, k, v), {"num_heads": self.heads},
                dtype=torch.float32, shape=q.shape, version=1)
        y = F.scaled_dot_product_attention(*(heads_of(x, self.heads) for x in (q, k, v)))
        return y.transpose(1, 2).flatten(2)


class EncoderLayer(nn.Module):
    def __init__(self, layer, heads):
        super().__init__()
        a = layer.self_attn
        self.qkv = joined([a.q_proj, a.k_proj, a.v_proj])
        self.out, self.norm1, self.norm2 = a.out_proj, layer.layer_norm1, layer.layer_norm2
        self.fc1, self.fc2 = layer.mlp.fc1, layer.mlp.fc2
        self.attention = Attention(heads)

    def forward(self, x):
        q, k, v = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        x = x + self.out(self.attention(q, k, v))
        h = self.fc1(self.norm2(x))
        return x + self.fc2(h * torch.sigmoid(1.702 * h))


class Encoder(nn.Module):
    """pixels [N, 3, S, S] -> projected features [N, n, 768]."""

    def __init__(self, git):
        super().__init__()
        vision = git.git.image_encoder.vision_model
        self.embeddings = vision.embeddings
        self.before, self.after = vision.pre_layrnorm, vision.post_layernorm
        heads = git.config.vision_config.num_attention_heads
        self.layers = nn.ModuleList(EncoderLayer(l, heads) for l in vision.encoder.layers)
        self.projection = git.git.visual_projection.visual_projection

    def forward(self, pixels):
        x = self.before(self.embeddings(pixels))
        for layer in self.layers:
            x = layer(x)
        return self.projection(self.after(x))


class DecoderLayer(nn.Module):
    def __init__(self, layer):
        super().__init__()
        a = layer.attention.self
        self.qkv = joined([a.query, a.key, a.value])
        self.kv = joined([a.key, a.value])
        self.out, self.norm1 = layer.attention.output.dense, layer.attention.output.LayerNorm
        self.fc1, self.fc2 = layer.intermediate.dense, layer.output.dense
        self.norm2 = layer.output.LayerNorm
        self.attention = Attention(HEADS)

    def finish(self, x, y):
        x = self.norm1(x + self.out(y))
        return self.norm2(x + self.fc2(F.gelu(self.fc1(x))))


class Prefix(nn.Module):
    """features [B, P, 768] -> keys and values of each layer [B, 12, P, 64]."""

    def __init__(self, git):
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(l) for l in git.git.encoder.layer)

    def forward(self, x):
        results = []
        for layer in self.layers[:-1]:
            q, k, v = layer.qkv(x).chunk(3, dim=-1)
            results += [heads_of(k, HEADS).contiguous(), heads_of(v, HEADS).contiguous()]
            x = layer.finish(x, layer.attention(q, k, v))
        k, v = self.layers[-1].kv(x).chunk(2, dim=-1)
        return tuple(results + [heads_of(k, HEADS).contiguous(), heads_of(v, HEADS).contiguous()])


class Step(nn.Module):
    """One token for each of S sequences: (tokens [S, 1], position [1, 1], mask [1, 1, 1, L], then per
    layer image keys and values [B, 12, P, 64] and text keys and values [S, 12, L, 64]) -> (logits
    [S, V], then per layer the new key and value [S, 12, 1, 64]). S = B, or B = 1.

    Image, earlier text and the token itself are scored apart, so that no cache is copied."""

    def __init__(self, git):
        super().__init__()
        e = git.git.embeddings
        self.words, self.positions, self.norm = e.word_embeddings, e.position_embeddings, e.LayerNorm
        self.layers = nn.ModuleList(DecoderLayer(l) for l in git.git.encoder.layer)
        self.head = git.output

    def forward(self, tokens, position, mask, *caches):
        x = self.norm(self.words(tokens) + self.positions(position))
        new = []
        for i, layer in enumerate(self.layers):
            image_k, image_v, text_k, text_v = caches[4 * i : 4 * i + 4]
            q, k, v = (heads_of(part, HEADS) for part in layer.qkv(x).chunk(3, dim=-1))
            new += [k, v]
            q = q * 0.125
            scores = torch.cat(
                [q @ image_k.transpose(2, 3), q @ text_k.transpose(2, 3) + mask,
                 (q * k).sum(-1, keepdim=True)], dim=-1)
            p = scores.softmax(-1)
            images, text = image_k.shape[2], text_k.shape[2]
            y = p[..., :images] @ image_v + p[..., images : images + text] @ text_v
            y = y + p[..., images + text :] * v
            x = layer.finish(x, y.transpose(1, 2).flatten(2))
        return (self.head(x[:, -1]), *new)


def parts(git, w):
    """The three modules for workload `w`, each with example inputs and their names."""
    layers = len(git.git.encoder.layer)
    image, text = (w.images, HEADS, w.rows, 64), (w.sequences, HEADS, LENGTH, 64)
    caches = [torch.zeros(s) for _ in range(layers) for s in (image, image, text, text)]
    names = ["tokens", "position", "mask"] + [
        f"{what}{i}" for i in range(layers) for what in ("image_k", "image_v", "text_k", "text_v")]
    step = (
        torch.full((w.sequences, 1), 101), torch.zeros(1, 1, dtype=torch.int64),
        torch.zeros(1, 1, 1, LENGTH), *caches)
    features = torch.zeros(w.images, w.rows, 768)
    return [
        (Encoder(git).eval(), (torch.from_numpy(w.pixels()),), ["pixels"]),
        (Prefix(git).eval(), (features,), ["features"]),
        (Step(git).eval(), step, names)]
