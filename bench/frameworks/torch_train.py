"""A whole training in plain PyTorch on the CPU, from a text file to a file of weights: vocabulary, windows, shuffled batches, an LSTM, Adam, evaluation."""
import argparse
import json
import random

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("text")
parser.add_argument("out")
for name in ("layers", "hidden", "batch", "time", "steps", "threads"):
    parser.add_argument(f"--{name}", type=int, required=True)
sizes = parser.parse_args()
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)
random.seed(1)

text = open(sizes.text, encoding="utf8").read()
symbols = {symbol: index for index, symbol in enumerate(sorted(set(text)))}
ids = torch.tensor([symbols[symbol] for symbol in text])
windows = ids.unfold(0, sizes.time + 1, 1)
last = int(0.9 * len(windows))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(symbols), sizes.hidden)
        self.lstm = nn.LSTM(sizes.hidden, sizes.hidden, num_layers=sizes.layers, batch_first=True)
        self.projection = nn.Linear(sizes.hidden, len(symbols))

    def forward(self, batch):
        logits = self.projection(self.lstm(self.embedding(batch[:, :-1]))[0])
        return F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())


model = Model()
adam = torch.optim.Adam(model.parameters(), lr=0.001)
order = []
for step in range(sizes.steps):
    if len(order) < sizes.batch:
        order = random.sample(range(last), last)
    batch, order = windows[order[: sizes.batch]], order[sizes.batch :]
    adam.zero_grad(set_to_none=True)
    loss = model(batch)
    loss.backward()
    adam.step()
with torch.inference_mode():
    held_out = windows[last :: sizes.time]
    losses = [(model(batch).item(), len(batch)) for batch in held_out.split(256)]
torch.save(model.state_dict(), sizes.out)
validation = sum(value * count for value, count in losses) / sum(count for _, count in losses)
print(json.dumps({"loss": loss.item(), "validation": validation, "windows": len(held_out)}))
