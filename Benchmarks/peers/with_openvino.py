"""OpenVINO; int8: NNCF's post-training quantization of encoder and prefix, int8 weights in the step."""
import os

import numpy as np

from workload import Cached


class OpenVINO(Cached):
    @staticmethod
    def prepare(git, w, int8, folder):
        import nncf
        import openvino

        import model

        for index, (part, args, names) in enumerate(model.parts(git, w)):
            made = openvino.convert_model(
                part, example_input=args, input=[tuple(a.shape) for a in args])
            for port, name in zip(made.inputs, names):
                port.get_tensor().set_names({name})
            if int8 and len(args) > 1:
                made = nncf.compress_weights(made, mode=nncf.CompressWeightsMode.INT8_ASYM)
            elif int8:
                rng = np.random.default_rng(1)
                data = [rng.standard_normal(args[0].shape, dtype=np.float32) for _ in range(4)]
                made = nncf.quantize(
                    made, nncf.Dataset(data), model_type=nncf.ModelType.TRANSFORMER,
                    preset=nncf.QuantizationPreset.MIXED, subset_size=4)
            openvino.save_model(
                made, os.path.join(folder, f"{index}.xml"), compress_to_fp16=False)

    def __init__(self, folder, w, threads):
        import openvino

        core = openvino.Core()
        config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
                  "INFERENCE_PRECISION_HINT": "f32"}
        self.requests = [
            core.compile_model(os.path.join(folder, f"{index}.xml"), "CPU", config)
            .create_infer_request() for index in range(3)]

    def encode(self, pixels):
        return self.requests[0].infer({0: pixels}, share_inputs=True, share_outputs=True)[0]

    def prefix(self, features):
        found = self.requests[1].infer({0: features}, share_inputs=True, share_outputs=True)
        return [found[i] for i in range(len(found))]

    def run(self, tokens, position):
        found = self.requests[2].infer(
            {**self.inputs, "tokens": tokens, "position": position}, share_inputs=True,
            share_outputs=True)
        return found[0], [found[i] for i in range(1, len(found))]
