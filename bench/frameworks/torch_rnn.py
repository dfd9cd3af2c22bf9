"""One training step in PyTorch, on the CPU or with --device cuda: embedding, LSTM or GRU layers, projection, mean cross-entropy, Adam."""
import torch
from torch import nn

from precision import precision_of
from timing import options, report

sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)
forward, scaler = precision_of(sizes)

embedding = nn.Embedding(sizes.vocabulary, sizes.hidden, device=sizes.device)
cell = {"lstm": nn.LSTM, "gru": nn.GRU}[sizes.cell]
layers = cell(sizes.hidden, sizes.hidden, num_layers=sizes.layers, device=sizes.device)
projection = nn.Linear(sizes.hidden, sizes.vocabulary, device=sizes.device)
weights = [w for part in (embedding, layers, projection) for w in part.parameters()]
adam = torch.optim.Adam(weights, lr=0.001)
inputs, targets = torch.randint(sizes.vocabulary, (2, sizes.time, sizes.batch), device=sizes.device)


def step():
    adam.zero_grad(set_to_none=True)
    with forward():
        logits = projection(layers(embedding(inputs))[0])
        loss = nn.functional.cross_entropy(logits.view(-1, sizes.vocabulary), targets.view(-1))
    scaler.scale(loss).backward()
    scaler.step(adam)
    scaler.update()
    return float(loss.detach())


# PyTorch's LSTM adds two biases, of which rnnx has the sum.
second = [w for name, w in layers.named_parameters() if sizes.cell == "lstm" and name.startswith("bias_hh")]
count = sum(w.numel() for w in weights) - sum(w.numel() for w in second)
report(f"torch {torch.__version__}, {sizes.device}", sizes, step, count)
