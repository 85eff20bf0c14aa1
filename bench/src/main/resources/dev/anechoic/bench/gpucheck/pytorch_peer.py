"""Times in PyTorch what gpucheck times here: python3 pytorch_peer.py TASK.json RESULT.json

Each result is written at once, so a run that is ended early keeps what it got to. "ours" names the
measurement of this project that a row stands beside; speeds are TFLOP/s, GB/s or tokens/s, with the
same counts of operations and bytes.
"""

import json
import math
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

task = json.load(open(sys.argv[1]))
device = "cuda"
rows = []
problems = []


def save():
    with open(sys.argv[2], "w") as file:
        json.dump({"version": torch.__version__, "rows": rows, "problems": problems}, file)


def add(work, ours, speed, unit):
    rows.append({"work": work, "ours": ours, "speed": speed, "unit": unit})
    save()


def attempt(work, measure):
    """A measurement that fails is listed and does not stop the rest."""
    try:
        measure()
    except Exception as e:  # noqa: BLE001 - whatever a version of PyTorch throws
        problems.append(f"{work}: {str(e).splitlines()[0] if str(e) else type(e).__name__}")
        save()
    torch.cuda.empty_cache()


def seconds(call, least=None):
    """Of one call: the best of some rounds of many calls with one wait at the end."""
    least = task["round_seconds"] if least is None else least
    for _ in range(3):
        call()
    torch.cuda.synchronize()
    calls, best = 1, math.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - start) / calls)
        calls = int(max(1, min(10_000, least / best)))
    return best


def flops(work, ours, amount, call):
    attempt(work, lambda: add(work, ours, amount / seconds(call) / 1e12, "TFLOP/s"))


def moved(work, ours, count, call):
    attempt(work, lambda: add(work, ours, count / seconds(call) / 1e9, "GB/s"))


def noise(*shape):
    """Operands without order, as on the other side: constants would cost less power."""
    return torch.empty(shape, device=device).uniform_(-1, 1)


def matmul():
    n = task["matmul"]
    a, b = noise(n, n).bfloat16(), noise(n, n).bfloat16()
    out = torch.empty_like(a)
    for kind in ("NN", "NT", "TN"):
        x = a.t() if kind[0] == "T" else a
        y = b.t() if kind[1] == "T" else b
        ours = f"matmul {kind} {n}" + (", operands rounded before" if kind == "NN" else "")
        flops(f"matmul {kind} {n} bf16", ours, 2.0 * n**3, lambda: torch.matmul(x, y, out=out))


def attention():
    from torch.nn.attention import SDPBackend, sdpa_kernel

    t, h = task["time"], task["heads"]
    for d in (64, 128):
        q, k, v = (
            noise(1, h, t, d).bfloat16().requires_grad_() for _ in range(3)
        )
        forward = 2.0 * t * t * d * h
        ours = f"T={t} H={h} D={d}"
        for name in ("FLASH_ATTENTION", "CUDNN_ATTENTION"):
            def run():
                return F.scaled_dot_product_attention(q, k, v, is_causal=True)

            def both():
                with sdpa_kernel(getattr(SDPBackend, name)):
                    with torch.no_grad():
                        once = seconds(run)
                    out = run()
                    grad = torch.ones_like(out)
                    back = seconds(
                        lambda: torch.autograd.grad(out, (q, k, v), grad, retain_graph=True))
                label = name.split("_")[0].lower()
                add(f"attention, {label}, {ours}", f"attention {ours}", forward / once / 1e12,
                    "TFLOP/s")
                add(f"attention backward, {label}, {ours}", f"attentionBackward {ours}",
                    2.5 * forward / back / 1e12, "TFLOP/s")

            attempt(f"attention {name} {ours}", both)


def row_kernels():
    r, c = task["rows"], task["columns"]
    x = noise(r, c)
    shape = f"[{r}, {c}]"
    moved(f"softmax {shape}", f"softmax {shape}", 8.0 * r * c, lambda: torch.softmax(x, -1))
    moved(f"layer_norm {shape}", f"layerNorm {shape}", 8.0 * r * c,
          lambda: F.layer_norm(x, (c,)))
    targets = torch.zeros(r, dtype=torch.long, device=device)
    moved(f"cross_entropy {shape}", f"crossEntropy {shape}", 4.0 * r * c,
          lambda: F.cross_entropy(x, targets, reduction="none"))
    y = torch.empty_like(x)
    moved(f"copy {shape}", f"copy {shape}", 8.0 * r * c, lambda: y.copy_(x))


def adamw():
    r, c = task["rows"], task["columns"] // 2 * 2
    weight = torch.ones(r, c, device=device, requires_grad=True)
    weight.grad = torch.ones_like(weight)
    optimizer = torch.optim.AdamW([weight], lr=1e-3, fused=True)
    shape = f"[{r}, {c}]"
    moved(f"fused AdamW {shape}", f"adamW {shape}", 28.0 * r * c, optimizer.step)


class Block(nn.Module):
    """x += Wo attention(rotary(Wqkv norm(x))); x += Wdown (silu(gate) * up); no biases."""

    def __init__(self, c, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(c, 3 * c, bias=False)
        self.out = nn.Linear(c, c, bias=False)
        self.gate_up = nn.Linear(c, 8 * c, bias=False)
        self.down = nn.Linear(4 * c, c, bias=False)

    def forward(self, x, cos, sin, cache=None, start=None):
        b, t, c = x.shape
        d = c // self.heads
        qkv = self.qkv(F.layer_norm(x, (c,))).view(b, t, 3, self.heads, d).transpose(1, 3)
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if cache is None:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            keys, values, mask = cache
            keys.index_copy_(2, start, k.to(keys.dtype))
            values.index_copy_(2, start, v.to(values.dtype))
            y = F.scaled_dot_product_attention(q.to(keys.dtype), keys, values, attn_mask=mask)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, c))
        gate, up = self.gate_up(F.layer_norm(x, (c,))).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


def rotate(x, cos, sin):
    one, two = x.chunk(2, -1)
    return torch.cat((one * cos - two * sin, two * cos + one * sin), -1).to(x.dtype)


class Model(nn.Module):
    def __init__(self, m):
        super().__init__()
        c = m["channels"]
        self.tokens = nn.Embedding(m["vocabulary"], c)
        self.blocks = nn.ModuleList(Block(c, m["heads"]) for _ in range(m["layers"]))
        self.head = nn.Linear(c, m["vocabulary"], bias=False)
        if m["tied"]:
            self.head.weight = self.tokens.weight
        half = c // m["heads"] // 2
        angles = torch.arange(m["time"])[:, None] * 10_000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, ids):
        x = self.tokens(ids)
        t = ids.shape[1]
        for block in self.blocks:
            x = block(x, self.cos[:t], self.sin[:t])
        return self.head(F.layer_norm(x, x.shape[-1:]))

    def step(self, ids, start, caches, mask):
        """One new token behind those in the caches."""
        x = self.tokens(ids)
        cos, sin = self.cos.index_select(0, start), self.sin.index_select(0, start)
        for block, (keys, values) in zip(self.blocks, caches):
            x = block(x, cos, sin, (keys, values, mask), start)
        return self.head(F.layer_norm(x, x.shape[-1:]))[:, -1]


def training(m):
    def measure():
        model = Model(m).to(device)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
        ids = torch.randint(m["vocabulary"], (m["batch"], m["time"] + 1), device=device)

        # The loss is compiled too, so that the logits need not go through memory once more.
        @torch.compile
        def loss_of(ids):
            with torch.autocast(device, torch.bfloat16):
                logits = model(ids[:, :-1])
            return F.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())

        def step():
            loss_of(ids).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        step()
        speed = m["batch"] * m["time"] / seconds(step, task["seconds"] / 5)
        add(f"compiled training {m['name']}", f"training {m['name']}", speed, "tokens/s")

    attempt(f"training {m['name']}", measure)


def rollout(m):
    """Sampling over a static KV cache in bf16, the prompt filled first; counts drawn tokens."""

    def measure():
        model = Model(m).to(device, torch.bfloat16).eval()
        b, t, c, h = m["batch"], m["time"], m["channels"], m["heads"]
        prompt = t // 2
        caches = [
            tuple(torch.zeros(b, h, t, c // h, device=device, dtype=torch.bfloat16)
                  for _ in range(2))
            for _ in range(m["layers"])
        ]
        places = torch.arange(t, device=device)
        ids = torch.randint(m["vocabulary"], (b, prompt), device=device)

        @torch.no_grad()
        def run():
            last = None
            for i in range(t - 1):
                start = places[i : i + 1]
                mask = (places <= i)[None, None, None, :]
                token = ids[:, i : i + 1] if i < prompt else last
                logits = model.step(token, start, caches, mask)
                if i >= prompt - 1:
                    last = torch.multinomial(torch.softmax(logits.float(), -1), 1)

        # The prompt goes in token by token here, so its time is taken off: half of the steps.
        whole = seconds(run, 0)
        drawn = b * (t - prompt)
        add(f"KV-cache sampling {m['name']}", f"rollout {m['name']}",
            drawn / (whole * (t - prompt) / (t - 1)), "tokens/s")

    attempt(f"rollout {m['name']}", measure)


save()
if not torch.cuda.is_available():
    problems.append("PyTorch finds no CUDA device")
    save()
    sys.exit(0)
matmul()
attempt("attention", attention)
attempt("row kernels", row_kernels)
attempt("AdamW", adamw)
for load in task["rollouts"]:
    rollout(load)
for load in reversed(task["training"]):  # the largest first: compiling takes long, and time may run out
    training(load)
