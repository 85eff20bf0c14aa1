"""Log-probs of a token sequence under a Hugging Face OLMo or Llama folder, in float64 numpy.

An oracle for the checkpoint writer: written from the model descriptions, it shares no code with the
Java side. Usage: hf_forward.py FOLDER 3,1,4,...; prints the log-prob of each token but the first.
"""

import json
import pathlib
import struct
import sys

import numpy as np


def read_safetensors(path):
    raw = path.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            assert entry["dtype"] == "F32", name
            begin, end = entry["data_offsets"]
            data = np.frombuffer(raw[8 + length + begin : 8 + length + end], dtype="<f4")
            tensors[name] = data.reshape(entry["shape"]).astype(np.float64)
    return tensors


def rotate(x, base):
    """Rotary embedding of [heads, time, size], pairing the halves."""
    time, size = x.shape[1:]
    half = size // 2
    frequencies = base ** (-np.arange(half) * 2.0 / size)
    angles = np.arange(time)[:, None] * frequencies[None, :]
    cos, sin = np.cos(angles), np.sin(angles)
    first, second = x[..., :half], x[..., half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def main():
    folder = pathlib.Path(sys.argv[1])
    tokens = [int(t) for t in sys.argv[2].split(",") if t]
    config = json.loads((folder / "config.json").read_text())
    weights = read_safetensors(folder / "model.safetensors")
    heads = config["num_attention_heads"]
    kv_heads = config["num_key_value_heads"]
    size = config["hidden_size"] // heads
    time = len(tokens)

    def norm(x, name):
        if config["model_type"] == "llama":
            scale = np.sqrt((x * x).mean(-1, keepdims=True) + config["rms_norm_eps"])
            return x / scale * weights[name]
        centered = x - x.mean(-1, keepdims=True)
        return centered / np.sqrt((centered * centered).mean(-1, keepdims=True) + 1e-5)

    def split(x, count):
        return x.reshape(time, count, size).transpose(1, 0, 2)

    x = weights["model.embed_tokens.weight"][tokens]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"model.layers.{layer}."
        h = norm(x, prefix + "input_layernorm.weight")
        q = split(h @ weights[prefix + "self_attn.q_proj.weight"].T, heads)
        k = split(h @ weights[prefix + "self_attn.k_proj.weight"].T, kv_heads)
        v = split(h @ weights[prefix + "self_attn.v_proj.weight"].T, kv_heads)
        q, k = rotate(q, config["rope_theta"]), rotate(k, config["rope_theta"])
        k = np.repeat(k, heads // kv_heads, axis=0)
        v = np.repeat(v, heads // kv_heads, axis=0)
        scores = q @ k.transpose(0, 2, 1) / np.sqrt(size)
        scores = np.where(np.tril(np.ones((time, time), dtype=bool)), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        mixed = mixed.transpose(1, 0, 2).reshape(time, heads * size)
        x = x + mixed @ weights[prefix + "self_attn.o_proj.weight"].T
        h = norm(x, prefix + "post_attention_layernorm.weight")
        gate = h @ weights[prefix + "mlp.gate_proj.weight"].T
        up = h @ weights[prefix + "mlp.up_proj.weight"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ weights[prefix + "mlp.down_proj.weight"].T

    head = "model.embed_tokens" if config["tie_word_embeddings"] else "lm_head"
    logits = norm(x, "model.norm.weight") @ weights[head + ".weight"].T
    highest = logits.max(-1, keepdims=True)
    logprobs = logits - highest - np.log(np.exp(logits - highest).sum(-1, keepdims=True))
    for t in range(1, time):
        print(repr(float(logprobs[t - 1, tokens[t]])))


main()
