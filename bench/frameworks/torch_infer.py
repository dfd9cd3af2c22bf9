"""Inference in PyTorch on the CPU: embedding, LSTM layers, projection, softmax. --model stream reads one token and keeps its states, sequence reads whole sequences."""
import torch
from torch import nn

from timing import options, report

sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)

embedding = nn.Embedding(sizes.vocabulary, sizes.hidden)
lstm = nn.LSTM(sizes.hidden, sizes.hidden, num_layers=sizes.layers, batch_first=True)
projection = nn.Linear(sizes.hidden, sizes.vocabulary)
weights = [w for part in (embedding, lstm, projection) for w in part.parameters()]
steps = 1 if sizes.model == "stream" else sizes.time
inputs = torch.randint(sizes.vocabulary, (sizes.batch, steps))
state = tuple(torch.zeros(sizes.layers, sizes.batch, sizes.hidden) for _ in range(2))


@torch.inference_mode()
def step():
    global state
    outputs, last = lstm(embedding(inputs), state)
    if sizes.model == "stream":
        state = last
    return float(torch.softmax(projection(outputs), -1)[0, 0, 0])


report(f"torch {torch.__version__}, cpu", sizes, step, sum(w.numel() for w in weights))
