"""GIT for training, as a plain PyTorch module of gitc's shapes; weights are random."""
import torch
from torch import nn
from torch.nn import functional as F

SHAPES = {
    "micro": dict(
        side=96, patch=16, width=192, layers=6, heads=6, text_layers=3, words=200, positions=64,
        frames=6, batch=32),
    "base": dict(
        side=224, patch=16, width=768, layers=12, heads=12, text_layers=6, words=30522,
        positions=1024, frames=0, batch=4),
}


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, mask=None):
        b, s, d = x.shape
        q, k, v = self.qkv(x).view(b, s, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(y.transpose(1, 2).reshape(b, s, d))


class EncoderLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        h = self.fc1(self.norm2(x))
        return x + self.fc2(h * torch.sigmoid(1.702 * h))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask):
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.fc2(F.gelu(self.fc1(x))))


class GIT(nn.Module):
    """(pixels [B, 3, S, S], tokens [B, T]) -> logits [B, T, words]."""

    def __init__(self, side, patch, width, layers, heads, text_layers, words, positions, frames):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch, bias=False)
        self.image_class = nn.Parameter(torch.zeros(width))
        self.image_positions = nn.Parameter(0.02 * torch.randn((side // patch) ** 2 + 1, width))
        self.frame = nn.Parameter(torch.zeros(width)) if frames else None
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.encoder = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))
        self.projection = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width))
        self.words, self.positions = nn.Embedding(words, width), nn.Embedding(positions, width)
        self.norm = nn.LayerNorm(width)
        self.decoder = nn.ModuleList(DecoderLayer(width, heads) for _ in range(text_layers))
        self.head = nn.Linear(width, words)

    def forward(self, pixels, tokens):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.image_class.expand(x.shape[0], 1, -1), x], 1) + self.image_positions
        x = self.before(x)
        for layer in self.encoder:
            x = layer(x)
        x = self.after(x)
        if self.frame is not None:
            x = x + self.frame
        image = self.projection(x)
        prefix, length = image.shape[1], tokens.shape[1]
        text = self.norm(self.words(tokens) + self.positions.weight[:length])
        x = torch.cat([image, text], 1)
        mask = torch.ones(prefix + length, prefix + length, dtype=torch.bool).tril()
        mask[:, :prefix] = True
        for layer in self.decoder:
            x = layer(x, mask)
        return self.head(x[:, prefix:])


def make(shape, tokens):
    """The model of a shape and its batch: pixels, tokens, labels."""
    torch.manual_seed(1)
    sizes = dict(SHAPES[shape])
    batch = sizes.pop("batch")
    model = GIT(**sizes)
    words = lambda: torch.randint(0, sizes["words"], (batch, tokens))
    return model, (torch.randn(batch, 3, sizes["side"], sizes["side"]), words(), words())
