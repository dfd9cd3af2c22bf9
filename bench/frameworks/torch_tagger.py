"""One training step in PyTorch on the CPU: embedding, bidirectional LSTM over packed sequences, projection, masked cross-entropy, Adam."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from timing import options, report

CLASSES = 20
sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)

embedding = nn.Embedding(sizes.vocabulary, sizes.hidden)
lstm = nn.LSTM(sizes.hidden, sizes.hidden, num_layers=sizes.layers, bidirectional=True, batch_first=True)
projection = nn.Linear(2 * sizes.hidden, CLASSES)
weights = [w for part in (embedding, lstm, projection) for w in part.parameters()]
adam = torch.optim.Adam(weights, lr=0.001)
half = -(-sizes.time // 2)
lengths = sizes.time - torch.arange(sizes.batch) * 7 % half
inputs = torch.randint(sizes.vocabulary, (sizes.batch, sizes.time))
targets = torch.randint(CLASSES, (sizes.batch, sizes.time))
targets[torch.arange(sizes.time) >= lengths[:, None]] = -100


def step():
    adam.zero_grad(set_to_none=True)
    packed = pack_padded_sequence(embedding(inputs), lengths, batch_first=True, enforce_sorted=False)
    states, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True, total_length=sizes.time)
    loss = nn.functional.cross_entropy(projection(states).view(-1, CLASSES), targets.view(-1))
    loss.backward()
    adam.step()
    return float(loss.detach())


report(f"torch {torch.__version__}, cpu", sizes, step, sum(w.numel() for w in weights))
