"""What is measured, and how an engine captions: shared by all engines; needs numpy alone."""
import numpy as np

HEADS, LENGTH = 12, 32  # of the decoder; rows of a text cache


class Workload:
    """`images` pictures, or clips of `frames`, captioned at once by `beams` sequences each."""

    def __init__(self, title, images=1, frames=1, beams=1, shape="git-base"):
        self.title, self.images, self.frames, self.beams, self.shape = (
            title, images, frames, beams, shape)
        self.tokens, self.side = 16, 224
        self.per_frame = 257 if shape == "git-large" else 197
        self.sequences, self.rows = images * beams, frames * self.per_frame

    def pixels(self):
        shape = (self.images * self.frames, 3, self.side, self.side)
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


WORKLOADS = {
    "W1": Workload("one image, greedy"),
    "W2": Workload("one image, 4 beams", beams=4),
    "W3": Workload("clip of six frames, greedy", frames=6, shape="git-base-video"),
    "W4": Workload("batch of 8 images, greedy", images=8),
    "W5": Workload("git-large shape, one image", shape="git-large"),
}


class Engine:
    """Subclasses have `prepare(git, work, int8, folder)`, which writes the engine's own models once;
    `Engine(folder, work, threads)`, which opens them; and encode(pixels), prefix(features),
    begin(caches) and step(tokens, position)."""

    def caption(self, w, pixels, now):
        """Greedy, or the step for all beams with the best token of each: searches cost the same."""
        start = now()
        features = self.encode(pixels)
        encoded = now()
        caches = self.prefix(features.reshape(w.images, w.rows, -1))
        prefixed = now()
        self.begin(w, caches)
        tokens = np.full((w.sequences, 1), 101, dtype=np.int64)
        for position in range(w.tokens):
            tokens = self.step(tokens, position).argmax(-1).reshape(-1, 1).astype(np.int64)
        end = now()
        return dict(
            encode=1e3 * (encoded - start), prefix=1e3 * (prefixed - encoded),
            image=1e3 * (prefixed - start),
            token=1e3 * (end - prefixed) / w.tokens, total=1e3 * (end - start))


class Cached(Engine):
    """Engines with fixed shapes: text caches of full length under a mask."""

    def begin(self, w, caches):
        layers = len(caches) // 2
        self.mask = np.full((1, 1, 1, LENGTH), -1e9, dtype=np.float32)
        shape = (w.sequences, HEADS, LENGTH, 64)
        self.text = [np.zeros(shape, dtype=np.float32) for _ in range(2 * layers)]
        self.inputs = {"mask": self.mask}
        for i in range(layers):
            self.inputs[f"image_k{i}"], self.inputs[f"image_v{i}"] = caches[2 * i : 2 * i + 2]
            self.inputs[f"text_k{i}"], self.inputs[f"text_v{i}"] = self.text[2 * i : 2 * i + 2]
        self.start()

    def start(self):
        pass

    def step(self, tokens, position):
        logits, new = self.run(tokens, np.array([[position]], dtype=np.int64))
        for cache, row in zip(self.text, new):
            cache[:, :, position : position + 1] = row
        self.mask[..., position] = 0
        return logits
