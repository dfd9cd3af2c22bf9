"""One training step of a linear recurrence in plain PyTorch, on the CPU: embedding, cell, projection, cross-entropy, Adam.

The cells are mamba (chunks by cumulative sums of the decay rates, as sequences of one step for all chunks at once), gla
(products within chunks of 16 steps) and mingru (prefix sums in steps of doubled distance), of the same sizes as specs/cells.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from timing import options, report

sizes = options(__doc__)
heads = sizes.heads
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)
CHUNK = 16


class Mamba(nn.Module):
    """S6 with expand 2, state size 16, convolution of 4 steps, rank 4."""

    def __init__(self, width, inner=None, state=16, rank=4):
        super().__init__()
        inner = inner or 2 * width
        self.W = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, 4, groups=inner, padding=3)
        self.V = nn.Linear(inner, rank, bias=False)
        self.D = nn.Linear(rank, inner)
        self.B = nn.Linear(inner, state, bias=False)
        self.Q = nn.Linear(inner, state, bias=False)
        self.A = nn.Parameter(torch.log(torch.arange(1.0, state + 1)).repeat(inner, 1))
        self.S = nn.Parameter(torch.ones(inner))
        self.P = nn.Linear(inner, width, bias=False)

    def forward(self, x):  # [batch, time, width]
        batch, time, _ = x.shape
        u, z = self.W(x).chunk(2, -1)
        v = F.silu(self.conv(u.transpose(1, 2))[..., :time].transpose(1, 2))
        dt = F.softplus(self.D(self.V(v)))
        rates = -torch.exp(self.A)
        logs = dt.unsqueeze(-1) * rates
        added = (dt * v).unsqueeze(-1) * self.B(v).unsqueeze(2)
        chunks = time // CHUNK
        shape = (batch, chunks, CHUNK, *logs.shape[2:])
        sums = logs.view(shape).cumsum(2)
        # unbind: the gradient of an index would be a whole array of zeros for each step.
        decays, terms = torch.exp(logs).view(shape).unbind(2), added.view(shape).unbind(2)
        local = [terms[0]]
        for decay, term in zip(decays[1:], terms[1:]):
            local.append(decay * local[-1] + term)
        state, starts = torch.zeros_like(local[0][:, 0]), []
        for decay, end in zip(torch.exp(sums[:, :, -1]).unbind(1), local[-1].unbind(1)):
            starts.append(state)
            state = decay * state + end
        states = torch.stack(local, 2) + torch.exp(sums) * torch.stack(starts, 1).unsqueeze(2)
        read = torch.einsum("btdn,btn->btd", states.view(batch, time, *states.shape[3:]), self.Q(v))
        return self.P((read + self.S * v) * F.silu(z))


class GatedLinearAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.W = nn.Linear(width, 4 * width, bias=False)
        self.gate = nn.Sequential(nn.Linear(width, 16, bias=False), nn.Linear(16, width))
        self.norm = nn.LayerNorm(width // heads, elementwise_affine=False)
        self.gain = nn.Parameter(torch.ones(width))
        self.c = nn.Parameter(torch.zeros(width))
        self.P = nn.Linear(width, width, bias=False)

    def forward(self, x):
        batch, time, width = x.shape
        chunks, size = time // CHUNK, width // heads
        q, k, v, r = self.W(x).chunk(4, -1)
        logs = F.logsigmoid(self.gate(x)) / 16
        q, k, v, logs = (
            each.view(batch, chunks, CHUNK, heads, size).permute(0, 1, 3, 2, 4) for each in (q, k, v, logs)
        )
        sums = logs.cumsum(-2)
        total = sums[..., -1:, :]
        decayed = q / math.sqrt(size) * torch.exp(sums)
        scores = (decayed @ (k * torch.exp(-sums)).transpose(-1, -2)).tril()
        added = (k * torch.exp(total - sums)).transpose(-1, -2) @ v
        state, starts = torch.zeros_like(added[:, 0]), []
        for decay, term in zip(torch.exp(total).transpose(-1, -2).unbind(1), added.unbind(1)):
            starts.append(state)
            state = decay * state + term
        read = decayed @ torch.stack(starts, 1) + scores @ v
        read = self.norm(read.permute(0, 1, 3, 2, 4)).reshape(batch, time, width)
        return self.P(read * self.gain * F.silu(r + self.c))


class MinimalGatedRecurrentUnit(nn.Module):
    """minGRU, its loop over time a Hillis-Steele scan of the pairs (factor, term)."""

    def __init__(self, width):
        super().__init__()
        self.W = nn.Linear(width, 2 * width)

    def forward(self, x):
        gate, candidate = self.W(x).chunk(2, -1)
        admitted = torch.sigmoid(gate)
        factor, state, distance = 1 - admitted, admitted * candidate, 1
        while distance < x.shape[1]:
            before = F.pad(state[:, :-distance], (0, 0, distance, 0))
            state = state + factor * before
            factor = factor * F.pad(factor[:, :-distance], (0, 0, distance, 0), value=1.0)
            distance *= 2
        return state


cells = {"mingru": MinimalGatedRecurrentUnit, "mamba": Mamba, "gla": GatedLinearAttention}
embedding = nn.Embedding(sizes.vocabulary, sizes.hidden)
cell = cells[sizes.cell](sizes.hidden)
projection = nn.Linear(sizes.hidden, sizes.vocabulary)
weights = [w for part in (embedding, cell, projection) for w in part.parameters()]
adam = torch.optim.Adam(weights, lr=0.001)
inputs, targets = torch.randint(sizes.vocabulary, (2, sizes.batch, sizes.time))


def step():
    adam.zero_grad(set_to_none=True)
    logits = projection(cell(embedding(inputs)))
    loss = F.cross_entropy(logits.view(-1, sizes.vocabulary), targets.view(-1))
    loss.backward()
    adam.step()
    return loss.item()


report(f"torch {torch.__version__}", sizes, step, sum(w.numel() for w in weights))
