"""Round, score, export, check, and write all files of a trained network."""
import hashlib, json, subprocess, tempfile
from pathlib import Path

import onnx
import torch

from export import to_onnx
from network import CONTEXT, loss_of

HERE = Path(__file__).resolve().parent
# What the file is compared with torch on: windows of the held-out part.
SLICE_WINDOWS = 32
# Beginnings that the page offers; the expected texts and the samples begin with them, too.
STARTERS = ["ROMEO:", "My lord,", "Now is the winter"]


def write_json(path, data, indent=2):
    path.write_text(json.dumps(data, indent=indent, ensure_ascii=False) + "\n")


def round_to_half(net):
    """The score is to be that of the weights in the file."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(weight.half().float())


def score_of(net, bpe, tokens):
    """Nats per token, and per character of the same text: only the latter compares across tokenisers."""
    per_token, count = loss_of(net, tokens)
    characters = sum(len(bpe.bytes_of(token)) for token in tokens[1: count + 1].tolist())
    return {"nats_per_token": round(per_token, 4), "nats_per_character": round(per_token * count / characters, 4),
            "tokens": count, "characters": characters}


def reference(net, data):
    """What torch says, for verify.js to compare the files with."""
    ids = data["held"][: 2 * 64].view(2, 64)
    windows = data["held"][: SLICE_WINDOWS * CONTEXT + 1]
    with torch.no_grad():
        logits = net(ids)
    return {"ids": ids.tolist(), "logits": logits.flatten().tolist(), "slice": windows.tolist(),
            "slice_loss": loss_of(net, windows)[0], "context": CONTEXT, "text": data["text"],
            "text_ids": data["kept"].tolist() + data["held"].tolist(), "text_cut": data["cut"], "starters": STARTERS}


def publish(net, bpe, data, run, args):
    unrounded, _ = loss_of(net, data["held"])
    round_to_half(net)
    folder = args.out / "bard"
    folder.mkdir(parents=True, exist_ok=True)
    model = to_onnx(net)
    blob = model.SerializeToString()
    (folder / "model.onnx").write_bytes(blob)
    write_json(folder / "tokenizer.json", bpe.to_json(), indent=None)
    write_json(folder / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": False,
        "clean_up_tokenization_spaces": False, "model_max_length": CONTEXT})
    write_json(folder / "config.json", {
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": bpe.size,
        "hidden_size": args.width, "intermediate_size": args.mlp, "num_hidden_layers": args.layers,
        "num_attention_heads": args.heads, "num_key_value_heads": args.heads, "head_dim": args.width // args.heads,
        "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
        "tie_word_embeddings": True, "torch_dtype": "float16"})
    write_json(args.out / "bard.json", {
        "id": "bard", "name": "Bard", "file": "bard/model.onnx",
        "about": "Begin a scene and let the devices write on together, somewhat like Shakespeare.",
        "bytes": len(blob), "beside": ["tokenizer.json", "tokenizer_config.json", "config.json"],
        "starters": STARTERS}, indent=1)

    with tempfile.TemporaryDirectory() as temporary:
        said, checked = Path(temporary) / "torch.json", Path(temporary) / "checked.json"
        write_json(said, reference(net, data), indent=None)
        subprocess.run(["node", HERE / "verify.js", folder, said, checked], check=True)
        checked = json.loads(checked.read_text())
    expected, scores = args.notes / "expected_greedy.json", args.notes / "score.json"
    write_json(expected, checked.pop("greedy"))
    score = {
        "held_out": score_of(net, bpe, data["held"]),
        "held_out_before_rounding": round(unrounded, 4),
        "training_part": score_of(net, bpe, data["kept"]),
        "best_step": run["best_step"], "steps_run": run["steps_run"],
        "training_seconds": run["training_seconds"],
        "epochs_at_best": round(run["best_step"] * run["settings"]["batch"] * CONTEXT / len(data["kept"]), 1),
        "parameters": sum(w.numel() for w in net.parameters()),
        "nodes": len(model.graph.node), "onnx_bytes": len(blob), "onnx_sha256": hashlib.sha256(blob).hexdigest(),
        "checked": checked,
        "settings": run["settings"],
        "torch": torch.__version__, "onnx": onnx.__version__, "curve": run["curve"]}
    write_json(scores, score)
    # The repository's own form for what lies outside public/.
    subprocess.run(["npx", "biome", "format", "--write", expected, scores], check=True, cwd=HERE)
    print(json.dumps({k: v for k, v in score.items() if k != "curve"}, indent=1))
