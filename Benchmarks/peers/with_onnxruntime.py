"""ONNX Runtime: attention is the MultiHeadAttention operator; int8 is dynamic U8S8, per channel."""
import os

from workload import Cached


class OnnxRuntime(Cached):
    @staticmethod
    def prepare(git, w, int8, folder):
        import torch
        from onnxruntime.quantization import QuantType, quantize_dynamic

        import model

        for index, (part, args, names) in enumerate(model.parts(git, w)):
            for module in part.modules():
                if hasattr(module, "form"):
                    module.form = "onnxruntime"
            path = os.path.join(folder, f"{index}.onnx")
            whole = path + ".fp32" if int8 else path
            torch.onnx.export(part, args, whole, input_names=names, dynamo=True, verbose=False)
            if int8:
                quantize_dynamic(
                    whole, path, per_channel=True, reduce_range=False,
                    weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
                os.remove(whole)
                if os.path.exists(whole + ".data"):
                    os.remove(whole + ".data")

    def __init__(self, folder, w, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.sessions = [
            onnxruntime.InferenceSession(
                os.path.join(folder, f"{index}.onnx"), options, providers=["CPUExecutionProvider"])
            for index in range(3)]

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
