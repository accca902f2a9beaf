#!/usr/bin/env python3
"""Train the bundled `digits` network and write everything the page needs of it.

One run trains on 8,000 of the 10,000 MNIST test digits, scores the other 2,000, and writes
  public/models/digits.onnx            the network, BatchNorm folded into the convolutions
  public/models/digits.selftest.json   a known answer, to check a device's arithmetic
  public/models/digits.samples.json    ten held-out digits, one of each class
  public/models/digits.json            the card that the page shows
  models/digits/score.json             what was measured, and how
Needs numpy, torch and onnx only. Usage: python3 models/digits/train.py [--help]
"""
import argparse, base64, gzip, hashlib, json, time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper, shape_inference
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

ROOT = Path(__file__).resolve().parents[2]
# The plane shrinks 4-fold where the width doubles, so every block costs the same multiplications
# (those that open a stage a little less): the network may be cut evenly after any of them.
WIDTHS = [8] * 3 + [16] * 3 + [32] * 3


class Block(nn.Module):
    """Basic residual block; it halves the plane when it changes the width."""

    def __init__(self, cin, cout):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, 1 if cin == cout else 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.shortcut = None
        if cin != cout:
            self.shortcut = nn.Conv2d(cin, cout, 1, 2, bias=False)
            self.bn_shortcut = nn.BatchNorm2d(cout)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.shortcut is None else self.bn_shortcut(self.shortcut(x))))


class Digits(nn.Module):
    """Stem, residual blocks, global average pool, one linear layer."""

    def __init__(self, widths=WIDTHS):
        super().__init__()
        self.stem, self.bn_stem = nn.Conv2d(1, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0])
        self.blocks = nn.Sequential(*[Block(a, b) for a, b in zip([widths[0]] + widths, widths)])
        self.fc = nn.Linear(widths[-1], 10)

    def forward(self, x):
        return self.fc(self.blocks(F.relu(self.bn_stem(self.stem(x)))).mean((2, 3)))


def load_mnist(folder):
    """The 10,000 digits as uint8 [10000,28,28] and their labels."""
    def read(name, header):
        return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header)
    return read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28), read("t10k-labels-idx1-ubyte.gz", 8)


def stratified_split(labels, held_out, seed):
    """Sorted indices (train, held-out); each class gives the same share, by largest remainder."""
    rng, counts = np.random.default_rng(seed), np.bincount(labels, minlength=10)
    quota = counts * held_out / len(labels)
    take = np.floor(quota).astype(int)
    take[np.argsort(take - quota, kind="stable")[: held_out - take.sum()]] += 1
    test = np.sort(np.concatenate([rng.permutation(np.flatnonzero(labels == c))[: take[c]] for c in range(10)]))
    return np.setdiff1d(np.arange(len(labels)), test), test


def thicken(x, amount):
    """Grey dilation (amount > 0) or erosion (amount < 0) of 3x3, blended in by |amount| <= 1."""
    amount = torch.as_tensor(amount, dtype=x.dtype).view(-1, 1, 1, 1)
    wide, thin = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    return x + amount.clamp(min=0) * (wide - x) + (-amount).clamp(min=0) * (thin - x)


def draw_ones(n, gen):
    """Ones with a flag, half of them with a foot too: common in Europe, next to absent from MNIST.

    The angle between flag and stem stays well below that of a 7, which has its bar across the top.
    """
    def uniform(low, high):
        return low + (high - low) * torch.rand(n, generator=gen)
    angle, length, foot = uniform(0.66, 1.15), uniform(5, 11), uniform(3, 7) * uniform(0, 1).round()
    o, end = torch.zeros(n), torch.full((n,), 9.5)                  # 20 pixels high with its stroke
    start = torch.stack([o, -end, o, -end, -foot, end], 1).view(n, 3, 1, 2)     # x, y from the centre
    stop = torch.stack([o, end, -length * angle.cos(), length * angle.sin() - 9.5, foot, end], 1).view(n, 3, 1, 2)
    along = stop - start
    size = along.norm(dim=3, keepdim=True)
    start = start - ((start + stop) / 2 * size).sum(1, keepdim=True) / size.sum(1, keepdim=True)
    axis = torch.arange(28) - 13.5
    pixel = torch.stack([axis.repeat(28), axis.repeat_interleave(28)], 1)
    part = (((pixel - start) * along).sum(3, keepdim=True) / (size * size + 1e-6)).clamp(0, 1)
    distance = (pixel - start - part * along).norm(dim=3).amin(1)
    return (uniform(0.6, 1.6).view(n, 1) + 0.5 - distance).clamp(0, 1).view(n, 1, 28, 28)


def augment(x, gen):
    """Vary digits the way hand drawing on a canvas does; `gen` is the only source of chance."""
    n = len(x)
    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(shape or (n,), generator=gen)
    angle, shear = uniform(-0.28, 0.28), uniform(-0.3, 0.3)         # radians; 0.28 is 16 degrees
    sx, sy = uniform(-0.2, 0.2).exp(), uniform(-0.2, 0.2).exp()     # 0.82 to 1.22, each axis alone
    cos, sin = angle.cos(), angle.sin()
    rows = [torch.stack([cos * sx, (shear * cos - sin) * sy, uniform(-0.15, 0.15)], 1),   # 2 pixels
            torch.stack([sin * sx, (shear * sin + cos) * sy, uniform(-0.15, 0.15)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), x.shape, align_corners=False)
    elastic = F.interpolate(uniform(-0.1, 0.1, n, 2, 5, 5), (28, 28), mode="bicubic", align_corners=False)
    x = F.grid_sample(x, grid + elastic.permute(0, 2, 3, 1), align_corners=False)
    x = thicken(x, uniform(-0.5, 1.0))
    gain = uniform(1.0, 3.0).view(-1, 1, 1, 1)                      # a canvas has crisper edges
    return ((x - 0.4) * gain + 0.4).clamp(0, 1) * uniform(0.8, 1.0).view(-1, 1, 1, 1)


def accuracy(net, x, y):
    """Share of `x` whose largest logit is the label."""
    net.eval()
    with torch.no_grad():
        return sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(500), y.split(500))) / len(y)


def train(x, y, args):
    """Plain SGD with a one-cycle learning rate; every epoch sees each digit once, newly augmented."""
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(args.seed)
    net = Digits().to(memory_format=torch.channels_last)            # a third faster on one core
    steps = len(x) // args.batch
    opt = torch.optim.SGD(net.parameters(), lr=args.lr, momentum=0.9, nesterov=True, weight_decay=5e-4)
    cycle = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, total_steps=args.epochs * steps, pct_start=0.2)
    start = time.time()
    for epoch in range(args.epochs):
        net.train()
        order, total = torch.randperm(len(x), generator=gen), 0.0
        for pick in order[: steps * args.batch].split(args.batch):
            batch = x[pick]
            swap = (y[pick] == 1) & (torch.rand(len(pick), generator=gen) < 0.3)
            batch[swap] = draw_ones(int(swap.sum()), gen)
            batch = augment(batch, gen).contiguous(memory_format=torch.channels_last)
            loss = F.cross_entropy(net(batch), y[pick])
            opt.zero_grad()
            loss.backward()
            opt.step()
            cycle.step()
            total += loss.item()
        print(f"epoch {epoch + 1:3d}  loss {total / steps:.4f}  {time.time() - start:4.0f} s", flush=True)
    return net.to(memory_format=torch.contiguous_format).eval()


def to_onnx(net):
    """The network as ONNX, node by node: stable names, and nothing in the file that is not run."""
    nodes, weights = [], []
    def add(op, out, inputs, **attributes):
        nodes.append(helper.make_node(op, inputs, [out], name=out, **attributes))
        return out
    def store(name, tensor):
        weights.append(numpy_helper.from_array(tensor.detach().numpy().astype(np.float32), name))
        return name
    def conv(out, x, layer, bn):
        folded, pad = fuse_conv_bn_eval(layer, bn), layer.padding[0]
        return add("Conv", out, [x, store(out + ".weight", folded.weight), store(out + ".bias", folded.bias)],
                   kernel_shape=layer.kernel_size, strides=layer.stride, pads=[pad] * 4)
    x = add("Relu", "stem.out", [conv("stem.conv", "image", net.stem, net.bn_stem)])
    for i, block in enumerate(net.blocks, 1):
        name = f"block{i}."
        y = add("Relu", name + "relu1", [conv(name + "conv1", x, block.conv1, block.bn1)])
        y = conv(name + "conv2", y, block.conv2, block.bn2)
        if block.shortcut is not None:
            x = conv(name + "shortcut", x, block.shortcut, block.bn_shortcut)
        x = add("Relu", name + "out", [add("Add", name + "add", [y, x])])
    x = add("Flatten", "head.flat", [add("GlobalAveragePool", "head.pool", [x])], axis=1)
    add("Gemm", "logits", [x, store("head.weight", net.fc.weight), store("head.bias", net.fc.bias)], transB=1)
    graph = helper.make_graph(
        nodes, "digits", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="potluck-digits")
    model.ir_version = 7                                            # the one that came with opset 13
    model = shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    onnx.checker.check_model(model, full_check=True)
    return model


def run_onnx(model, x):
    """Evaluate the ONNX graph from its own weights, in the precision of `x`; independent of Digits."""
    values = {w.name: torch.tensor(numpy_helper.to_array(w)).to(x.dtype) for w in model.graph.initializer}
    values["image"] = x
    for node in model.graph.node:
        a = [values[i] for i in node.input]
        at = {k.name: helper.get_attribute_value(k) for k in node.attribute}
        values[node.output[0]] = {
            "Conv": lambda: F.conv2d(*a, stride=at["strides"], padding=at["pads"][:2]),
            "Relu": lambda: a[0].relu(), "Add": lambda: a[0] + a[1],
            "GlobalAveragePool": lambda: a[0].mean((2, 3), keepdim=True),
            "Flatten": lambda: a[0].flatten(1), "Gemm": lambda: a[0] @ a[1].T + a[2]}[node.op_type]()
    return values["logits"]


def layer_table(model):
    """Rows (part, output shape, parameters, FLOPs); one multiply-add of Conv or Gemm is two FLOPs."""
    graph, rows = model.graph, {}
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim][1:]
              for v in [*graph.value_info, *graph.output]}
    sizes = {w.name: list(w.dims) for w in graph.initializer}
    for node in graph.node:
        part = "head" if node.output[0] == "logits" else node.name.split(".")[0]
        row = rows.setdefault(part, [part, None, 0, 0])
        row[1] = shapes[node.output[0]]
        row[2] += sum(int(np.prod(sizes[i])) for i in node.input if i in sizes)
        if node.op_type in ("Conv", "Gemm"):
            row[3] += 2 * int(np.prod(sizes[node.input[1]])) * int(np.prod(row[1][1:] or [1]))
    return list(rows.values())


def write_json(path, data):
    path.write_text(json.dumps(data, indent=1) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--data", type=Path, default=ROOT / "../shared/data/mnist", help="folder of t10k-*.gz")
    p.add_argument("--out", type=Path, default=ROOT / "public/models", help="folder for the page's files")
    p.add_argument("--score", type=Path, default=ROOT / "models/digits/score.json")
    p.add_argument("--epochs", type=int, default=32)
    p.add_argument("--batch", type=int, default=100)
    p.add_argument("--lr", type=float, default=0.1, help="highest learning rate of the cycle")
    p.add_argument("--seed", type=int, default=1, help="weights, order and augmentation")
    p.add_argument("--split-seed", type=int, default=0, help="which 2,000 digits are held out")
    p.add_argument("--threads", type=int, default=1, help="another number gives other last bits")
    args = p.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.time()

    pixels, labels = load_mnist(args.data)
    kept, held = stratified_split(labels, 2000, args.split_seed)
    x, y = torch.tensor(pixels).unsqueeze(1).float() / 255, torch.tensor(labels).long()
    net = train(x[kept], y[kept], args)

    xt, yt, gen = x[held], y[held], torch.Generator().manual_seed(args.seed + 1000)
    acc = accuracy(net, xt, yt)
    copies = torch.cat([augment(xt, gen) for _ in range(5)])        # five draws, to lower the noise
    acc_augmented = accuracy(net, copies, yt.repeat(5))
    robustness = {"thin": thicken(xt, -0.7), "thick": thicken(xt, 1.0),
                  "very_thick": thicken(thicken(xt, 1.0), 0.6),
                  "binary": (xt > 0.5).float(), "thick_binary": (thicken(xt, 1.0) > 0.5).float()}
    robustness = {name: accuracy(net, images, yt) for name, images in robustness.items()}
    ones = accuracy(net, augment(draw_ones(1000, gen), gen), torch.ones(1000))
    by_digit = [round(accuracy(net, xt[yt == c], yt[yt == c]), 4) for c in range(10)]

    model = to_onnx(net)
    blob = model.SerializeToString()
    (args.out / "digits.onnx").write_bytes(blob)
    model = onnx.load_from_string(blob)
    with torch.no_grad():
        from_file, trained = run_onnx(model, xt), net(xt)
    fold_error = (from_file - trained).abs().max().item()
    assert fold_error < 1e-3, f"the ONNX file differs from the trained network by {fold_error}"
    assert torch.equal(from_file.argmax(1), trained.argmax(1)), "the ONNX file reads other digits"

    i = np.arange(4 * 784, dtype=np.int64)
    probe = torch.tensor((((i * 7919 + 104729) % 256) / 255).astype(np.float32).reshape(4, 1, 28, 28))
    exact = run_onnx(model, probe.double())
    probe_error = (run_onnx(model, probe) - exact).abs().max().item()
    write_json(args.out / "digits.selftest.json", {
        "model": "digits.onnx",
        "input": {"name": "image", "dims": [4, 1, 28, 28],
                  "formula": "element i (flat index, row-major) = float32(((i * 7919 + 104729) mod 256) / 255)"},
        "logits": [[float(f"{v:.7g}") for v in row] for row in exact.tolist()]})
    firsts = [held[labels[held] == c][0] for c in range(10)]        # the first of each class, not chosen
    write_json(args.out / "digits.samples.json", [
        {"label": c, "pixels": base64.b64encode(pixels[k].tobytes()).decode()} for c, k in enumerate(firsts)])
    write_json(args.out / "digits.json", {
        "id": "digits", "name": "Digits", "file": "digits.onnx",
        "about": "Draw a digit from 0 to 9 and see which one the devices read together.",
        "task": "draw-digit", "labels": [str(c) for c in range(10)],
        "preprocess": {"width": 28, "height": 28, "layout": "NCHW", "channels": "gray",
                       "scale": 0.00392156862745098, "mean": [0], "std": [1], "resize": "fit"},
        "accuracy": acc, "bytes": len(blob)})
    table = layer_table(model)
    score = {
        "accuracy_held_out": acc, "accuracy_held_out_augmented": acc_augmented, "augmented_copies": 5,
        "accuracy_held_out_changed": robustness, "accuracy_held_out_by_digit": by_digit,
        "accuracy_drawn_ones": ones,
        "samples_read_correctly": round(10 * accuracy(net, x[firsts], y[firsts])),
        "split": {"train": len(kept), "held_out": len(held)},
        "seeds": {"split": args.split_seed, "training": args.seed, "augmented_held_out": args.seed + 1000},
        "epochs": args.epochs, "batch": args.batch, "learning_rate": args.lr, "threads": args.threads,
        "parameters": sum(r[2] for r in table), "flops_per_image": sum(r[3] for r in table),
        "nodes": len(model.graph.node), "onnx_bytes": len(blob), "onnx_sha256": hashlib.sha256(blob).hexdigest(),
        "largest_difference_onnx_to_trained": fold_error, "selftest_float32_to_float64": probe_error,
        "torch": torch.__version__, "onnx": onnx.__version__, "seconds": round(time.time() - start)}
    write_json(args.score, score)
    print("| part | output per image | parameters | FLOPs |\n|---|---|---:|---:|")
    for part, shape, parameters, flops in table:
        print(f"| {part} | {' x '.join(map(str, shape))} | {parameters:,} | {flops:,} |")
    print(json.dumps(score, indent=1))


if __name__ == "__main__":
    main()
