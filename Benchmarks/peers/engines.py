"""The engines: each encodes, makes the prefix, and takes steps; times are taken around those calls."""
import copy
import os
import tempfile

import numpy as np
import torch

from model import HEADS, Encoder, Prefix, Step

LENGTH = 32  # rows of a text cache


class Workload:
    def __init__(self, name, images=1, frames=1, beams=1, tokens=16, side=224, per_frame=197):
        self.name, self.images, self.frames, self.beams = name, images, frames, beams
        self.tokens, self.side, self.per_frame = tokens, side, per_frame
        self.sequences, self.rows = images * beams, frames * per_frame

    def pixels(self):
        shape = (self.images * self.frames, 3, self.side, self.side)
        return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


class Engine:
    """Subclasses have encode(pixels), prefix(features), begin(caches) and step(tokens, position)."""

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


class Torch(Engine):
    def __init__(self, git, w, threads, int8):
        torch.set_num_threads(threads)
        self.name = "torch dynamic int8" if int8 else "torch fp32"
        parts = [copy.deepcopy(p(git)).eval() for p in (Encoder, Prefix, Step)]
        if int8:
            parts = [
                torch.ao.quantization.quantize_dynamic(p, {torch.nn.Linear}, torch.qint8)
                for p in parts]
        self.encoder, self.prefixer, self.stepper = parts

    @torch.inference_mode()
    def encode(self, pixels):
        return self.encoder(torch.from_numpy(pixels))

    @torch.inference_mode()
    def prefix(self, features):
        return self.prefixer(features)

    def begin(self, w, caches):
        # Text so far: slices of one buffer, no mask needed.
        shape = (w.sequences, HEADS, LENGTH, 64)
        self.images, self.text = caches, [torch.zeros(shape) for _ in caches]
        self.mask = torch.zeros(1, 1, 1, 1)

    @torch.inference_mode()
    def step(self, tokens, position):
        caches = []
        for i in range(0, len(self.images), 2):
            caches += self.images[i : i + 2]
            caches += [t[:, :, :position] for t in self.text[i : i + 2]]
        logits, *new = self.stepper(
            torch.from_numpy(tokens), torch.tensor([[position]]), self.mask, *caches)
        for cache, row in zip(self.text, new):
            cache[:, :, position : position + 1] = row
        return logits.numpy()


def example(git, w):
    """Inputs of the three modules, and the names of the step's."""
    layers = len(git.git.encoder.layer)
    image, text = (w.images, HEADS, w.rows, 64), (w.sequences, HEADS, LENGTH, 64)
    caches = [torch.zeros(s) for _ in range(layers) for s in (image, image, text, text)]
    names = ["tokens", "position", "mask"] + [
        f"{what}{i}" for i in range(layers) for what in ("image_k", "image_v", "text_k", "text_v")]
    inputs = (
        torch.full((w.sequences, 1), 101), torch.zeros(1, 1, dtype=torch.int64),
        torch.zeros(1, 1, 1, LENGTH), *caches)
    return torch.from_numpy(w.pixels()), torch.zeros(w.images, w.rows, 768), inputs, names


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

    def step(self, tokens, position):
        logits, new = self.run(tokens, np.array([[position]], dtype=np.int64))
        for cache, row in zip(self.text, new):
            cache[:, :, position : position + 1] = row
        self.mask[..., position] = 0
        return logits


class OnnxRuntime(Cached):
    """Operators: MultiHeadAttention of the contrib set; int8: dynamic U8S8, per channel."""

    def __init__(self, git, w, threads, int8):
        import onnxruntime
        from onnxruntime.quantization import QuantType, quantize_dynamic

        self.name = "onnxruntime int8" if int8 else "onnxruntime fp32"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        pixels, features, inputs, names = example(git, w)
        self.sessions = []
        with tempfile.TemporaryDirectory() as folder:
            for part, args, input_names in (
                (Encoder(git), (pixels,), ["pixels"]), (Prefix(git), (features,), ["features"]),
                (Step(git), inputs, names)):
                part.eval()
                for module in part.modules():
                    if hasattr(module, "form"):
                        module.form = "onnxruntime"
                path = os.path.join(folder, "part.onnx")
                torch.onnx.export(
                    part, args, path, input_names=input_names, dynamo=True, verbose=False)
                if int8:
                    quantize_dynamic(
                        path, path + ".int8", per_channel=True, reduce_range=False,
                        weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
                    path += ".int8"
                self.sessions.append(
                    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))

    def encode(self, pixels):
        return self.sessions[0].run(None, {"pixels": pixels})[0]

    def prefix(self, features):
        return self.sessions[1].run(None, {"features": features})

    def start(self):
        self.binding = self.sessions[2].io_binding()
        for name, value in self.inputs.items():
            self.binding.bind_cpu_input(name, value)  # the array's own memory
        for output in self.sessions[2].get_outputs():
            self.binding.bind_output(output.name)

    def run(self, tokens, position):
        self.binding.bind_cpu_input("tokens", tokens)
        self.binding.bind_cpu_input("position", position)
        self.sessions[2].run_with_iobinding(self.binding)
        logits, *new = [value.numpy() for value in self.binding.get_outputs()]
        return logits, new


class OpenVINO(Cached):
    """int8: NNCF's post-training quantization of encoder and prefix, int8 weights in the step."""

    def __init__(self, git, w, threads, int8):
        import openvino

        self.name = "OpenVINO int8" if int8 else "OpenVINO fp32"
        core = openvino.Core()
        config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                  "INFERENCE_PRECISION_HINT": "f32"}
        pixels, features, inputs, names = example(git, w)
        self.compiled = []
        for part, args, input_names in (
            (Encoder(git), (pixels,), ["pixels"]), (Prefix(git), (features,), ["features"]),
            (Step(git), inputs, names)):
            made = openvino.convert_model(
                part.eval(), example_input=args, input=[tuple(a.shape) for a in args])
            for port, name in zip(made.inputs, input_names):
                port.get_tensor().set_names({name})
            if int8:
                import nncf

                if len(args) > 1:
                    made = nncf.compress_weights(made, mode=nncf.CompressWeightsMode.INT8_ASYM)
                else:
                    rng = np.random.default_rng(1)
                    data = [rng.standard_normal(args[0].shape, dtype=np.float32) for _ in range(4)]
                    made = nncf.quantize(
                        made, nncf.Dataset(data), model_type=nncf.ModelType.TRANSFORMER,
                        preset=nncf.QuantizationPreset.MIXED, subset_size=4)
            self.compiled.append(core.compile_model(made, "CPU", config).create_infer_request())

    def encode(self, pixels):
        return self.compiled[0].infer({0: pixels}, share_inputs=True, share_outputs=True)[0]

    def prefix(self, features):
        found = self.compiled[1].infer({0: features}, share_inputs=True, share_outputs=True)
        return [found[i] for i in range(len(found))]

    def start(self):
        pass

    def run(self, tokens, position):
        found = self.compiled[2].infer(
            {**self.inputs, "tokens": tokens, "position": position}, share_inputs=True,
            share_outputs=True)
        return found[0], [found[i] for i in range(1, len(found))]
