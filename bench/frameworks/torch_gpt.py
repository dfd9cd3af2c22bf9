"""
One training step in PyTorch, on the CPU or with --device cuda: a pre-norm transformer with learned positions, GELU, clipping and
AdamW. --compile compiles the loss with its gradients, and the update; it needs a C++ compiler.
"""
import torch
from torch import nn
from torch.nn import functional as F

from precision import precision_of
from timing import options, report

sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)
forward, scaler = precision_of(sizes)
HEADS = 4
width, device = sizes.hidden, sizes.device


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.before_attention, self.before_dense = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inward, self.outward = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        heads = self.inward(self.before_attention(x)).unflatten(-1, (3, HEADS, width // HEADS))
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.outward(mixed.transpose(1, 2).flatten(2))
        return x + self.dense(self.before_dense(x))


embedding = nn.Embedding(sizes.vocabulary, width, device=device)
position = nn.Embedding(sizes.time, width, device=device)
layers = nn.Sequential(*(Layer() for _ in range(sizes.layers)), nn.LayerNorm(width)).to(device)
projection = nn.Linear(width, sizes.vocabulary, device=device)
weights = [w for part in (embedding, position, layers, projection) for w in part.parameters()]
adam = torch.optim.AdamW(weights, lr=0.001, betas=(0.9, 0.99), weight_decay=0.1)
inputs, targets = torch.randint(sizes.vocabulary, (2, sizes.batch, sizes.time), device=device)


def loss_of(inputs, targets):
    logits = projection(layers(embedding(inputs) + position.weight))
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def update():
    nn.utils.clip_grad_norm_(weights, 1)
    adam.step()


def update_scaled():
    scaler.unscale_(adam)
    nn.utils.clip_grad_norm_(weights, 1)
    scaler.step(adam)
    scaler.update()


if sizes.compile:
    loss_of, update = torch.compile(loss_of), torch.compile(update)


def step():
    adam.zero_grad(set_to_none=True)
    with forward():
        loss = loss_of(inputs, targets)
    scaler.scale(loss).backward()
    (update_scaled if scaler.is_enabled() else update)()
    return float(loss.detach())


report(f"torch{'.compile' if sizes.compile else ''} {torch.__version__}, {device}", sizes, step, sum(w.numel() for w in weights))
