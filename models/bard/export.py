"""The network as ONNX, node by node, in the layout in which exporters give decoders.

Operators of the standard alone, no subgraphs. Weights lie in the file as float16 and go through one
Cast each: half the bytes to fetch, and float32 arithmetic, for WASM has no float16 kernels.
"""
import math, re

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

from network import EPS

INT, FLOAT = TensorProto.INT64, TensorProto.FLOAT


def scope(name):
    """model.layers.0.mlp.up_proj is computed by nodes below /model/layers.0/mlp/up_proj."""
    return "/" + re.sub(r"\.(?!\d)", "/", name)


class Graph:
    """Collects nodes and what is stored. A node named N makes the value N_output_0."""

    def __init__(self):
        self.nodes, self.stored = [], {}

    def node(self, op, name, inputs, output=None, **attributes):
        output = output or name + "_output_0"
        self.nodes.append(helper.make_node(op, inputs, [output], name=name, **attributes))
        return output

    def store(self, name, values, dtype=np.int64):
        self.stored.setdefault(name, numpy_helper.from_array(np.array(values, dtype), name))
        return name

    def weight(self, name, tensor):
        exact = tensor.detach().numpy()
        half = np.ascontiguousarray(exact, np.float16)
        assert (half == exact).all(), f"{name} was not rounded to float16"
        return self.node("Cast", scope(name) + "/Cast", [self.store(name, half, np.float16)], to=FLOAT)

    def linear(self, name, x, tensor, output=None):
        """Torch keeps a matrix as [out, in]; MatMul reads it as [in, out]."""
        return self.node("MatMul", scope(name) + "/MatMul", [x, self.weight(name + ".weight", tensor.T)], output)

    def norm(self, name, x, tensor):
        at = scope(name) + "/"
        square = self.node("Pow", at + "Pow", [x, self.store("two", 2.0, np.float32)])
        mean = self.node("ReduceMean", at + "ReduceMean", [square], axes=[-1], keepdims=1)
        mean = self.node("Add", at + "Add", [mean, self.store("eps", EPS, np.float32)])
        root = self.node("Sqrt", at + "Sqrt", [mean])
        scale = self.node("Div", at + "Div", [self.store("one", 1.0, np.float32), root])
        x = self.node("Mul", at + "Mul", [x, scale])
        return self.node("Mul", at + "Mul_1", [x, self.weight(name + ".weight", tensor)])

    def rotate(self, at, x, cos, sin, half):
        start, middle, end, axis = (self.store(n, [v]) for n, v in (
            ("start", 0), ("half_head", half), ("end", np.iinfo(np.int64).max), ("last_axis", 3)))
        first = self.node("Slice", at + "Slice", [x, start, middle, axis])
        second = self.node("Slice", at + "Slice_1", [x, middle, end, axis])
        turned = self.node("Concat", at + "Concat", [self.node("Neg", at + "Neg", [second]), first], axis=-1)
        kept = self.node("Mul", at + "Mul", [x, cos])
        return self.node("Add", at + "Add", [kept, self.node("Mul", at + "Mul_1", [turned, sin])])


def preamble(g, net):
    """What all layers read: cos and sin of each token's place, and which tokens it may look at."""
    zero, one, axis0, axis1 = g.store("c0", 0), g.store("c1", 1), g.store("axis_0", [0]), g.store("axis_1", [1])
    turns = []
    for name, table in (("cos", net.cos), ("sin", net.sin)):
        table = g.store(f"model.rotary_emb.{name}_cached", table.numpy(), np.float32)
        rows = g.node("Gather", f"/model/rotary_emb/Gather_{name}", [table, "position_ids"])
        turns.append(g.node("Unsqueeze", f"/model/rotary_emb/Unsqueeze_{name}", [rows, axis1]))
    lengths = [g.node("Gather", f"/model/Gather_{name}", [g.node("Shape", f"/model/Shape_{name}", [source]), one])
               for name, source in (("tokens", "input_ids"), ("total", "attention_mask"))]
    tokens, total = lengths
    past = g.node("Sub", "/model/Sub_past", [total, tokens])
    k = g.node("Unsqueeze", "/model/Unsqueeze_k", [g.node("Range", "/model/Range_k", [zero, total, one]), axis0])
    q = g.node("Add", "/model/Add_q", [g.node("Range", "/model/Range_q", [zero, tokens, one]), past])
    q = g.node("Unsqueeze", "/model/Unsqueeze_q", [q, axis1])
    before = g.node("LessOrEqual", "/model/LessOrEqual", [k, q])
    counts = g.node("Cast", "/model/Cast_mask", ["attention_mask"], to=TensorProto.BOOL)
    counts = g.node("Unsqueeze", "/model/Unsqueeze_mask", [counts, g.store("axes_12", [1, 2])])
    seen = g.node("And", "/model/And", [before, counts])
    lowest = g.store("lowest", np.finfo(np.float32).min, np.float32)
    return *turns, g.node("Where", "/model/Where", [seen, g.store("zero", 0.0, np.float32), lowest])


def layer(g, i, layer, x, cos, sin, mask):
    name, heads, width = f"model.layers.{i}", layer.heads, layer.q_proj.in_features
    attn, mlp, at = name + ".self_attn.", name + ".mlp.", scope(name) + "/self_attn/"
    split = g.store("split_heads", [0, 0, heads, width // heads])
    y = g.norm(name + ".input_layernorm", x, layer.input_layernorm.weight)
    q, k, v = (
        g.node("Transpose", f"{at}Transpose_{n}", [g.node("Reshape", f"{at}Reshape_{n}", [
            g.linear(f"{attn}{n}_proj", y, linear.weight), split])], perm=[0, 2, 1, 3])
        for n, linear in (("q", layer.q_proj), ("k", layer.k_proj), ("v", layer.v_proj)))
    q, k = (g.rotate(f"{at}rope_{n}/", value, cos, sin, width // heads // 2) for n, value in (("q", q), ("k", k)))
    k = g.node("Concat", at + "Concat_k", [f"past_key_values.{i}.key", k], f"present.{i}.key", axis=2)
    v = g.node("Concat", at + "Concat_v", [f"past_key_values.{i}.value", v], f"present.{i}.value", axis=2)
    k = g.node("Transpose", at + "Transpose_kt", [k], perm=[0, 1, 3, 2])
    scale = g.store("scale", 1 / math.sqrt(width // heads), np.float32)
    y = g.node("Mul", at + "Mul", [g.node("MatMul", at + "MatMul", [q, k]), scale])
    y = g.node("Softmax", at + "Softmax", [g.node("Add", at + "Add", [y, mask])], axis=-1)
    y = g.node("Transpose", at + "Transpose_o", [g.node("MatMul", at + "MatMul_1", [y, v])], perm=[0, 2, 1, 3])
    y = g.node("Reshape", at + "Reshape_o", [y, g.store("join_heads", [0, 0, width])])
    x = g.node("Add", scope(name) + "/Add", [x, g.linear(attn + "o_proj", y, layer.o_proj.weight)])
    y = g.norm(name + ".post_attention_layernorm", x, layer.post_attention_layernorm.weight)
    gate = g.linear(mlp + "gate_proj", y, layer.gate_proj.weight)
    act = scope(name) + "/mlp/act_fn/"
    gate = g.node("Mul", act + "Mul", [gate, g.node("Sigmoid", act + "Sigmoid", [gate])])
    y = g.node("Mul", scope(name) + "/mlp/Mul", [gate, g.linear(mlp + "up_proj", y, layer.up_proj.weight)])
    return g.node("Add", scope(name) + "/Add_1", [x, g.linear(mlp + "down_proj", y, layer.down_proj.weight)])


def to_onnx(net):
    g = Graph()
    vocabulary, width = net.embed_tokens.weight.shape
    table = g.weight("model.embed_tokens.weight", net.embed_tokens.weight)
    x = g.node("Gather", "/model/embed_tokens/Gather", [table, "input_ids"])
    cos, sin, mask = preamble(g, net)
    for i, each in enumerate(net.layers):
        x = layer(g, i, each, x, cos, sin, mask)
    # The embedding once more, the other way round: the device with the last layers need not hold the first.
    g.linear("lm_head", g.norm("model.norm", x, net.norm.weight), net.embed_tokens.weight, "logits")

    heads = net.layers[0].heads
    def value(name, dtype, *dims):
        return helper.make_tensor_value_info(name, dtype, ["batch_size", *dims])
    def states(name, length):
        return [value(f"{name}.{i}.{part}", FLOAT, heads, length, width // heads)
                for i in range(len(net.layers)) for part in ("key", "value")]
    inputs = [value("input_ids", INT, "sequence_length"), value("attention_mask", INT, "total_sequence_length"),
              value("position_ids", INT, "sequence_length"), *states("past_key_values", "past_sequence_length")]
    outputs = [value("logits", FLOAT, "sequence_length", vocabulary), *states("present", "total_sequence_length")]
    graph = helper.make_graph(g.nodes, "bard", inputs, outputs, list(g.stored.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], producer_name="potluck-bard")
    model.ir_version = 7                                            # the one that came with opset 14
    # With the shapes in between, so that who cuts the network knows what crosses.
    model = shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model
