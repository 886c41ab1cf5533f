"""Writes a BERT model's folder as an ONNX graph, so that onnxruntime runs the same weights."""

import json

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

from reference import tensors


class Graph:
    """Nodes and constants, one behind the other."""

    def __init__(self, folder):
        self.weights = {name: value.astype(numpy.float32) for name, value in tensors(folder / "model.safetensors").items()}
        self.config = json.loads((folder / "config.json").read_text())
        self.nodes, self.constants = [], []

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(value), name))
        return name

    def number(self, value):
        return self.constant(numpy.array(value, numpy.float32))

    def numbers(self, *values):
        return self.constant(numpy.array(values, numpy.int64))

    def node(self, kind, *inputs, **attributes):
        name = f"node{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def linear(self, rows, name):
        product = self.node("MatMul", rows, self.constant(self.weights[f"{name}.weight"].T))
        return self.node("Add", product, self.constant(self.weights[f"{name}.bias"]))

    def norm(self, rows, name):
        weight, bias = (self.constant(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        epsilon = self.config["layer_norm_eps"]
        return self.node("LayerNormalization", rows, weight, bias, axis=-1, epsilon=epsilon)

    def build(self, path):
        heads, hidden = self.config["num_attention_heads"], self.config["hidden_size"]
        width = hidden // heads
        table = {part: self.weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position", "token_type")}
        rows = self.node("Gather", self.constant(table["word"]), "tokens")
        length = self.node("Shape", "tokens", start=1, end=2)
        places = self.node("Slice", self.constant(table["position"]), self.numbers(0), length, self.numbers(0))
        rows = self.node("Add", self.node("Add", rows, self.constant(table["token_type"][0])), places)
        rows = self.norm(rows, "embeddings.LayerNorm")
        absent = self.node("Sub", self.number(1), self.node("Unsqueeze", "mask", self.numbers(1, 2)))
        absent = self.node("Mul", absent, self.number(-1e4))
        apart, together = self.numbers(0, -1, heads, width), self.numbers(0, -1, hidden)
        for layer in range(self.config["num_hidden_layers"]):
            name = f"encoder.layer.{layer}"
            part = {}
            for which, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
                found = self.node("Reshape", self.linear(rows, f"{name}.attention.self.{which}"), apart)
                part[which] = self.node("Transpose", found, perm=order)
            scores = self.node("Mul", self.node("MatMul", part["query"], part["key"]), self.number(width**-0.5))
            scores = self.node("Softmax", self.node("Add", scores, absent), axis=-1)
            found = self.node("Transpose", self.node("MatMul", scores, part["value"]), perm=[0, 2, 1, 3])
            found = self.linear(self.node("Reshape", found, together), f"{name}.attention.output.dense")
            rows = self.norm(self.node("Add", found, rows), f"{name}.attention.output.LayerNorm")
            inner = self.linear(rows, f"{name}.intermediate.dense")
            bent = self.node("Add", self.node("Erf", self.node("Mul", inner, self.number(0.5**0.5))), self.number(1))
            inner = self.node("Mul", self.node("Mul", inner, self.number(0.5)), bent)
            found = self.linear(inner, f"{name}.output.dense")
            rows = self.norm(self.node("Add", found, rows), f"{name}.output.LayerNorm")
        self.nodes.append(helper.make_node("Identity", [rows], ["states"]))
        shape = ["texts", "length"]
        inputs = [
            helper.make_tensor_value_info("tokens", TensorProto.INT64, shape),
            helper.make_tensor_value_info("mask", TensorProto.FLOAT, shape),
        ]
        output = helper.make_tensor_value_info("states", TensorProto.FLOAT, [*shape, hidden])
        graph = helper.make_graph(self.nodes, "bert", inputs, [output], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save(model, path)
