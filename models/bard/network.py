"""The network in torch: as Llama's, small. Also its loss on a text."""
import math

import torch
import torch.nn.functional as F
from torch import nn

CONTEXT, EPS, THETA = 256, 1e-5, 10000.0


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x / torch.sqrt(x.pow(2).mean(-1, keepdim=True) + EPS) * self.weight


def rotary_tables(head_dim):
    """cos and sin [CONTEXT, head_dim]; the two halves of a head turn as one complex number."""
    turn = THETA ** (-torch.arange(0, head_dim, 2).double() / head_dim)
    angle = torch.arange(CONTEXT).double()[:, None] * torch.cat([turn, turn])
    return angle.cos().float(), angle.sin().float()


def rotate(x, cos, sin):
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin


class Layer(nn.Module):
    def __init__(self, width, heads, mlp, dropout):
        super().__init__()
        def linear(cin, cout):
            return nn.Linear(cin, cout, bias=False)
        self.heads, self.dropout = heads, nn.Dropout(dropout)
        self.input_layernorm, self.post_attention_layernorm = RmsNorm(width), RmsNorm(width)
        self.q_proj, self.k_proj = linear(width, width), linear(width, width)
        self.v_proj, self.o_proj = linear(width, width), linear(width, width)
        self.gate_proj, self.up_proj, self.down_proj = linear(width, mlp), linear(width, mlp), linear(mlp, width)

    def forward(self, x, cos, sin, mask):
        batch, length, width = x.shape
        def split(y):
            return y.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
        y = self.input_layernorm(x)
        q, k, v = (split(linear(y)) for linear in (self.q_proj, self.k_proj, self.v_proj))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        scores = (q / math.sqrt(width // self.heads)) @ k.transpose(-1, -2)
        # float(): where the products are bfloat16, softmax stays float32. It is faster, too.
        y = (F.softmax(scores.float() + mask, -1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.dropout(self.o_proj(y))
        y = self.post_attention_layernorm(x)
        return x + self.dropout(self.down_proj(F.silu(self.gate_proj(y).float()) * self.up_proj(y)))


class Bard(nn.Module):
    """Embedding, layers, norm; the embedding also scores the next token."""

    def __init__(self, vocabulary, layers, width, heads, mlp, dropout):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList([Layer(width, heads, mlp, dropout) for _ in range(layers)])
        self.norm, self.dropout = RmsNorm(width), nn.Dropout(dropout)
        cos, sin = rotary_tables(width // heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.register_buffer("mask", torch.full((CONTEXT, CONTEXT), -1e9).triu(1), persistent=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                # What is added to the stream starts small, so that depth does not make it grow.
                into_stream = name.endswith(("o_proj.weight", "down_proj.weight"))
                nn.init.normal_(weight, std=0.02 / math.sqrt(2 * layers) if into_stream else 0.02)

    def forward(self, ids):
        n = ids.shape[1]
        x = self.dropout(self.embed_tokens(ids))
        for layer in self.layers:
            x = layer(x, self.cos[:n], self.sin[:n], self.mask[:n, :n])
        return F.linear(self.norm(x), self.embed_tokens.weight)


def loss_of(net, tokens, batch=16):
    """Nats per token of `tokens`, cut into windows of CONTEXT that know nothing of what was before.

    A remainder shorter than a window is left out. Also says how many tokens were scored.
    """
    count = (len(tokens) - 1) // CONTEXT
    x = tokens[: count * CONTEXT].view(count, CONTEXT)
    y = tokens[1: count * CONTEXT + 1].view(count, CONTEXT)
    was_training = net.training
    net.eval()
    with torch.no_grad():
        total = sum(F.cross_entropy(net(a).float().flatten(0, 1), b.flatten(), reduction="sum").item()
                    for a, b in zip(x.split(batch), y.split(batch)))
    net.train(was_training)
    return total / y.numel(), y.numel()
