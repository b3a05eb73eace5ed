#!/usr/bin/env python3
"""Writes small ONNX models for the fuzzer to start from: Fuzzing/Seeds/onnx.

    pip install onnx
    python3 Tools/goldens/fuzz-models.py

Exported models have kilobytes of names; these have a few nodes each, so that together they meet every
operator of the importer, and a change meets something that matters.
"""

import pathlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

SEEDS = pathlib.Path(__file__).resolve().parent.parent.parent / "Fuzzing" / "Seeds" / "onnx"


def ints(*values):
    return numpy.array(values, numpy.int64)


def write(name, shape, nodes, constants=None, dtype=TensorProto.FLOAT, attributes=None):
    """A model of nodes (operator, inputs, output), written `op a b > y`, from x to y."""
    made = []
    for index, text in enumerate(nodes):
        left, right = text.split(" > ")
        op, *inputs = left.split()
        made.append(helper.make_node(
            op, [i if i != "_" else "" for i in inputs], right.split(),
            **(attributes or {}).get(index, {})))
    graph = helper.make_graph(
        made, "g", [helper.make_tensor_value_info("x", dtype, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(numpy.array(v), n) for n, v in (constants or {}).items()])
    for output in graph.output:
        output.type.tensor_type.shape.SetInParent()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ClearField("producer_name")
    SEEDS.mkdir(parents=True, exist_ok=True)
    (SEEDS / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))


def f(*shape):
    return numpy.arange(numpy.prod(shape), dtype=numpy.float32).reshape(shape)


write("gemm", ["B", 2], ["Gemm x w b > h", "Gelu h > y"], dict(w=f(3, 2), b=f(3)),
      attributes={0: dict(transB=1, alpha=0.5)})
write("matmul", ["B", "T", 2], ["MatMul x w > h", "Add h b > i", "Softmax i > y"], dict(w=f(2, 3), b=f(3)))
write("convolution", [1, 3, 4, 4],
      ["Conv x w b > h", "Reshape h s > i", "Transpose i > y"], dict(w=f(2, 3, 2, 2), b=f(2), s=ints(0, 2, -1)),
      attributes={0: dict(strides=[2, 2], kernel_shape=[2, 2]), 2: dict(perm=[0, 2, 1])})
write("embedding", ["B", "T"], ["Gather w x > h", "LayerNormalization h g b > y"], dict(w=f(5, 2), g=f(2), b=f(2)),
      TensorProto.INT64)
write("layer-norm", ["B", 2],
      ["ReduceMean x > m", "Sub x m > c", "Pow c two > q", "ReduceMean q > v", "Add v e > w", "Sqrt w > d",
       "Div c d > n", "Mul n g > s", "Add s b > y"],
      dict(two=numpy.float32(2), e=numpy.float32(1e-5), g=f(2), b=f(2)),
      attributes={0: dict(axes=[-1]), 3: dict(axes=[-1])})
write("gelu-erf", ["B", 2], ["Div x r > s", "Erf s > e", "Add e one > g", "Mul x g > h", "Mul h half > y"],
      dict(r=numpy.float32(2 ** 0.5), one=numpy.float32(1), half=numpy.float32(0.5)))
write("gelu-quick", ["B", 2], ["Mul x c > s", "Sigmoid s > g", "Mul x g > y"], dict(c=numpy.float32(1.702)))
write("gelu-tanh", ["B", 2],
      ["Pow x three > p", "Mul p c > q", "Add x q > s", "Mul s r > t", "Tanh t > u", "Add u one > g", "Mul x g > h",
       "Mul h half > y"],
      dict(three=numpy.float32(3), c=numpy.float32(0.044715), r=numpy.float32((2 / numpy.pi) ** 0.5),
           one=numpy.float32(1), half=numpy.float32(0.5)))
write("shapes", ["B", 4, 2],
      ["Shape x > s", "Gather s zero > b", "Unsqueeze b axes > u", "Concat u rest > t", "Reshape x t > h",
       "Squeeze h > i", "Flatten i > y"],
      dict(zero=numpy.int64(0), axes=ints(0), rest=ints(8, 1)), attributes={3: dict(axis=0)})
write("mask", ["B", 1, 3, 3],
      ["ConstantOfShape n > o", "Trilu o > l", "Equal l z > m", "Where m i x > h", "Softmax h > p", "IsNaN p > q",
       "Where q z p > y"],
      dict(n=ints(3, 3), z=numpy.float32(0), i=numpy.float32(-1e9)),
      attributes={0: dict(value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1])), 1: dict(upper=0)})
write("positions", ["B", "T"],
      ["Shape x > s", "Gather s one > t", "Range z t one > p", "GreaterOrEqual p z > m", "Gather w p > e", "Gather w x > h",
       "Add h e > y"],
      dict(z=numpy.int64(0), one=numpy.int64(1), w=f(4, 2)), TensorProto.INT64)
write("slices", ["B", 4, 6],
      ["Slice x a b c > h", "Split h > i j", "Concat i j > k", "Slice p z t > q", "Add k q > y"],
      dict(a=ints(0, -4), b=ints(2, 2 ** 63 - 1), c=ints(1, 2), p=f(4, 4), z=ints(0), t=ints(2)),
      attributes={1: dict(axis=2), 2: dict(axis=-1)})
write("known", [2, 2],
      ["Constant > a", "Cast a > b", "Mul b c > d", "Max d e > g", "Mod i k > l", "Cast l > m", "Transpose d > n",
       "GatherND n j > o", "GatherElements z j > p", "Neg o > q", "Sub q p > r", "Expand r s > t", "Add x t > y"],
      dict(c=f(2, 2), e=numpy.float32(1), i=ints(7, -3), k=ints(2), j=numpy.array([[0, 1], [1, 0]], numpy.int64),
           z=numpy.zeros((2, 2), numpy.float32), s=ints(2, 2)),
      attributes={0: dict(value_ints=[1, 2]), 1: dict(to=1), 5: dict(to=9)})
write("dropout", ["B", 2], ["Identity x > a", "Dropout a r t > b m", "Not t > u", "And u t > v", "Tile b n > c",
                            "Size c > d", "Expand c e > y"],
      dict(r=numpy.float32(0), t=numpy.array(True), n=ints(1, 1), e=ints(1, 2)))
