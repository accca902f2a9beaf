#!/usr/bin/env python3
"""Train the bundled `bard` network and write everything the page needs of it.

One run learns a tokeniser and a network from the first 90 % of the text, scores the last 10 %,
exports, has Node check the files (verify.js), and writes
  public/models/bard/model.onnx               the network, with a cache of keys and values
  public/models/bard/tokenizer.json           and tokenizer_config.json, config.json beside it
  public/models/bard.json                     the card that the page shows
  models/bard/expected_greedy.json            what it writes when always the likeliest token is taken
  models/bard/score.json                      what was measured, and how
Needs numpy, torch and onnx, and Node with the packages of this repository.
Usage: python3 models/bard/train.py [--help]
"""
import argparse, ctypes, math, os, sys, time
from pathlib import Path

# Before torch loads its linear algebra, which else starts a thread on every core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import torch
import torch.nn.functional as F

from bpe import Bpe
from network import CONTEXT, Bard, loss_of
from publish import publish

ROOT = Path(__file__).resolve().parents[2]


def keep_memory():
    """Let glibc keep freed blocks: else each step gives them back to the kernel, up to half the time."""
    if sys.platform == "linux":
        trim_threshold, mmap_threshold = -1, -3
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 1 << 30)
        libc.mallopt(trim_threshold, (1 << 31) - 1)


def learning_rate(step, args):
    """Linear warm-up, then a cosine down to a twentieth."""
    if step < args.warmup:
        return args.lr * (step + 1) / args.warmup
    done = min(1, (step - args.warmup) / (args.steps - args.warmup))
    return args.lr * (0.05 + 0.95 * (1 + math.cos(math.pi * done)) / 2)


def optimiser(net, args):
    """AdamW; only matrices decay, for the norms' weights are scales around one."""
    matrices = [w for w in net.parameters() if w.dim() == 2]
    scales = [w for w in net.parameters() if w.dim() < 2]
    groups = [{"params": matrices, "weight_decay": args.decay}, {"params": scales, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98))


def train(net, kept, held, args):
    """Random windows of the text; returns the state with the lowest loss on the held-out part.

    The text is small: the network knows it by heart long before it has stopped improving on it, so
    the held-out part says when to stop.
    """
    gen = torch.Generator().manual_seed(args.seed)
    opt, start = optimiser(net, args), time.time()
    best, curve, total = None, [], 0.0
    span = torch.arange(CONTEXT + 1)
    for step in range(args.steps):
        for group in opt.param_groups:
            group["lr"] = learning_rate(step, args)
        begin = torch.randint(len(kept) - CONTEXT, (args.batch, 1), generator=gen)
        window = kept[begin + span]
        # Products in bfloat16: half the time on a processor that has them; weights stay float32.
        with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
            logits = net(window[:, :-1])
        loss = F.cross_entropy(logits.float().flatten(0, 1), window[:, 1:].flatten())
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        total += loss.item()
        if (step + 1) % args.every == 0:
            with torch.autocast("cpu", torch.bfloat16, enabled=args.precision == "bf16"):
                scored, _ = loss_of(net, held)
            curve.append({"step": step + 1, "train": round(total / args.every, 4), "held_out": round(scored, 4)})
            total = 0.0
            print(curve[-1], f"{time.time() - start:.0f} s", flush=True)
            if best is None or scored < best["loss"]:
                state = {name: weight.clone() for name, weight in net.state_dict().items()}
                best = {"loss": scored, "step": step + 1, "state": state}
            elif step + 1 - best["step"] >= args.patience:
                break
    return {"state": best["state"], "best_step": best["step"], "steps_run": step + 1, "curve": curve,
            "training_seconds": round(time.time() - start),
            "settings": {k: v for k, v in vars(args).items() if not isinstance(v, (Path, bool))}}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--text", type=Path, default=ROOT / "../shared/data/text/tinyshakespeare.txt")
    p.add_argument("--out", type=Path, default=ROOT / "public/models", help="folder for the page's files")
    p.add_argument("--notes", type=Path, default=ROOT / "models/bard", help="folder for score and expected texts")
    p.add_argument("--checkpoint", type=Path, default=ROOT / ".cache/bard.pt")
    p.add_argument("--reuse", action="store_true", help="do not train: take the checkpoint of the last run")
    p.add_argument("--vocabulary", type=int, default=1024)
    p.add_argument("--layers", type=int, default=8)
    p.add_argument("--width", type=int, default=160)
    p.add_argument("--heads", type=int, default=5)
    p.add_argument("--mlp", type=int, default=432)
    p.add_argument("--dropout", type=float, default=0.15, help="of the embedding and what each layer adds")
    p.add_argument("--steps", type=int, default=2000, help="steps that the learning rate is planned for")
    p.add_argument("--batch", type=int, default=8, help="windows of 256 tokens in a step")
    p.add_argument("--lr", type=float, default=2e-3, help="highest learning rate")
    p.add_argument("--warmup", type=int, default=60, help="steps")
    p.add_argument("--decay", type=float, default=0.1, help="weight decay")
    p.add_argument("--every", type=int, default=100, help="steps between two looks at the held-out part")
    p.add_argument("--patience", type=int, default=500, help="steps without a better one, then stop")
    p.add_argument("--precision", choices=["bf16", "fp32"], default="bf16", help="of the products in training")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1, help="another number gives other last bits")
    args = p.parse_args()
    keep_memory()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(args.seed)

    text = args.text.read_text()
    cut = len(text) * 9 // 10
    bpe = Bpe.learn(text[:cut], args.vocabulary)
    kept, held = (torch.tensor(bpe.encode(part)) for part in (text[:cut], text[cut:]))
    net = Bard(bpe.size, args.layers, args.width, args.heads, args.mlp, args.dropout)
    if not args.reuse:
        run = train(net, kept, held, args)
        args.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(run, args.checkpoint)
    run = torch.load(args.checkpoint)
    net.load_state_dict(run["state"])
    publish(net.eval(), bpe, {"text": text, "cut": cut, "kept": kept, "held": held}, run, args)


if __name__ == "__main__":
    main()
