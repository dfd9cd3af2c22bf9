"""One training step in PyTorch on the CPU: embedding, two convolutions over time, maximum over time, cross-entropy, Adam. --compile compiles the loss."""
import torch
from torch import nn
from torch.nn import functional as F

from timing import options, report

CLASSES = 20
sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)

embedding = nn.Embedding(sizes.vocabulary, sizes.hidden)
first = nn.Conv1d(sizes.hidden, sizes.hidden, 3, stride=2, padding=1)
second = nn.Conv1d(sizes.hidden, sizes.hidden, 3, dilation=2, padding=2)
projection = nn.Linear(sizes.hidden, CLASSES)
weights = [w for part in (embedding, first, second, projection) for w in part.parameters()]
adam = torch.optim.Adam(weights, lr=0.001)
inputs = torch.randint(sizes.vocabulary, (sizes.batch, sizes.time))
targets = torch.randint(CLASSES, (sizes.batch,))


def loss_of(inputs, targets):
    x = F.relu(first(embedding(inputs).transpose(1, 2)))
    x = F.gelu(second(x)).amax(-1)
    return F.cross_entropy(projection(x), targets)


if sizes.compile:
    loss_of = torch.compile(loss_of)


def step():
    adam.zero_grad(set_to_none=True)
    loss = loss_of(inputs, targets)
    loss.backward()
    adam.step()
    return float(loss.detach())


name = "torch.compile" if sizes.compile else "torch"
report(f"{name} {torch.__version__}, cpu", sizes, step, sum(w.numel() for w in weights))
