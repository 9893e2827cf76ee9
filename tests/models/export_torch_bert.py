#!/usr/bin/env python3
"""Exports small BERT-like encoders with torch.onnx.export, by both exporters, with dynamic batch and sequence: the sources of fixtures/torch_*.

Why: models that people bring were written in PyTorch, and how one looks as ONNX depends on the exporter and on which attention call it used.
Three spellings of attention: `explicit` (matmul and softmax written out), `sdpa` (scaled_dot_product_attention), `layer`
(nn.TransformerEncoderLayer, whose sequence length the legacy exporter freezes). Needs torch and onnxscript besides
tools/setup/requirements.txt. make_fixtures.py --torch calls it.
"""
import argparse
from pathlib import Path

import onnx
import torch
from torch import nn
from torch.nn import functional

# Small enough to commit, and sizes that no vector width divides: 18 columns, heads of 9. (gen_bert.py's tiny preset has the round ones.)
VOCABULARY, POSITIONS, HIDDEN, HEADS, FFN, LAYERS = 50, 64, 18, 2, 36, 2
INPUTS, OUTPUT = ["input_ids", "attention_mask", "token_type_ids"], "last_hidden_state"


class Embeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions, self.types = (nn.Embedding(rows, HIDDEN) for rows in (VOCABULARY, POSITIONS, 2))
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.register_buffer("position_ids", torch.arange(POSITIONS).unsqueeze(0), persistent=False)

    def forward(self, ids, types):
        return self.norm(self.words(ids) + self.types(types) + self.positions(self.position_ids[:, : ids.shape[1]]))


class Attention(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.fused = fused
        self.query, self.key, self.value, self.out = (nn.Linear(HIDDEN, HIDDEN) for _ in range(4))

    def forward(self, x, mask):
        batch, length = x.shape[0], x.shape[1]
        query, key, value = (f(x).view(batch, length, HEADS, HIDDEN // HEADS).transpose(1, 2) for f in (self.query, self.key, self.value))
        if self.fused:
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :].bool())
        else:
            bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
            scores = query @ key.transpose(-1, -2) / (HIDDEN // HEADS) ** 0.5 + bias
            mixed = scores.softmax(dim=-1) @ value
        return self.out(mixed.transpose(1, 2).reshape(batch, length, HIDDEN))


class Layer(nn.Module):
    def __init__(self, fused):
        super().__init__()
        self.attention = Attention(fused)
        self.norm1, self.norm2 = nn.LayerNorm(HIDDEN, eps=1e-12), nn.LayerNorm(HIDDEN, eps=1e-12)
        self.up, self.down = nn.Linear(HIDDEN, FFN), nn.Linear(FFN, HIDDEN)

    def forward(self, x, mask):
        x = self.norm1(x + self.attention(x, mask))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """The whole model; `kind` is explicit, sdpa or layer."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        self.embeddings = Embeddings()
        if kind == "layer":
            make = lambda: nn.TransformerEncoderLayer(HIDDEN, HEADS, FFN, dropout=0.0, activation="gelu", batch_first=True)
        else:
            make = lambda: Layer(fused=kind == "sdpa")
        self.layers = nn.ModuleList(make() for _ in range(LAYERS))

    def forward(self, input_ids, attention_mask, token_type_ids):
        x = self.embeddings(input_ids, token_type_ids)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=attention_mask == 0) if self.kind == "layer" else layer(x, attention_mask)
        return x


def randomize(model, seed):
    """Gives every parameter a value that matters: norms that are not the identity, biases that are not zero."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight"):
            parameter.data = 1.0 + 0.2 * noise
        else:
            parameter.data = noise * (parameter.shape[-1] ** -0.5 if parameter.dim() == 2 else 0.1)


def tidy(path):
    """Drops the newer exporter's notes on every node and value: they are most of the file, and hold paths of the exporting machine."""
    model = onnx.load(path)
    graph = model.graph
    for entry in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        entry.ClearField("metadata_props")
        entry.ClearField("doc_string")
    onnx.checker.check_model(model, full_check=True)
    onnx.save_model(model, path)
    path.with_name(path.name + ".data").unlink(missing_ok=True)


def export(kind, dynamo, path, seed=0):
    torch.backends.mha.set_fastpath_enabled(False)  # nn.TransformerEncoderLayer's fused inference path has no ONNX form
    model = Encoder(kind).eval()
    randomize(model, seed)
    ids = torch.randint(0, VOCABULARY, (2, 9), generator=torch.Generator().manual_seed(seed))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    example = (ids, mask, torch.zeros_like(ids))
    path.parent.mkdir(parents=True, exist_ok=True)
    if dynamo:
        batch, seq = torch.export.Dim("batch", min=1, max=1024), torch.export.Dim("seq", min=1, max=POSITIONS)
        options = {"dynamo": True, "external_data": False, "dynamic_shapes": {name: {0: batch, 1: seq} for name in INPUTS}}
    else:
        axes = {name: {0: "batch", 1: "seq"} for name in INPUTS + [OUTPUT]}
        options = {"dynamo": False, "opset_version": 17, "dynamic_axes": axes}
    with torch.no_grad():
        torch.onnx.export(model, example, path, input_names=INPUTS, output_names=[OUTPUT], verbose=False, **options)
    tidy(path)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", metavar="OUT.onnx", type=Path)
    parser.add_argument("--kind", choices=("explicit", "sdpa", "layer"), default="explicit", help="how attention is written")
    parser.add_argument("--exporter", choices=("legacy", "dynamo"), default="dynamo")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    export(arguments.kind, arguments.exporter == "dynamo", arguments.out, arguments.seed)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
