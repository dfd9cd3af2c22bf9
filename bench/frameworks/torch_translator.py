"""One training step in PyTorch on the CPU: GRU encoder and decoder, dot-product attention, projection, masked cross-entropy, Adam."""
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from timing import options, report

sizes = options(__doc__)
torch.set_num_threads(sizes.threads)
torch.manual_seed(1)
width = sizes.hidden

source, target = nn.Embedding(sizes.vocabulary, width), nn.Embedding(sizes.vocabulary, width)
encoder, decoder = (nn.GRU(width, width, num_layers=sizes.layers, batch_first=True) for _ in range(2))
projection = nn.Linear(2 * width, sizes.vocabulary)
weights = [w for part in (source, encoder, target, decoder, projection) for w in part.parameters()]
adam = torch.optim.Adam(weights, lr=0.001)
half = -(-sizes.time // 2)
lengths = sizes.time - torch.arange(sizes.batch) * 7 % half
beyond = torch.arange(sizes.time) >= lengths[:, None]
inputs, given, targets = torch.randint(sizes.vocabulary, (3, sizes.batch, sizes.time))
targets[beyond] = -100


def step():
    adam.zero_grad(set_to_none=True)
    packed = pack_padded_sequence(source(inputs), lengths, batch_first=True, enforce_sorted=False)
    encoded, last = encoder(packed)
    memory, _ = pad_packed_sequence(encoded, batch_first=True, total_length=sizes.time)
    states, _ = decoder(target(given), last)
    scores = (states @ memory.transpose(1, 2)).masked_fill(beyond[:, None], -torch.inf)
    mixed = torch.softmax(scores, -1) @ memory
    logits = projection(torch.cat([states, mixed], -1))
    loss = nn.functional.cross_entropy(logits.view(-1, sizes.vocabulary), targets.view(-1))
    loss.backward()
    adam.step()
    return float(loss.detach())


report(f"torch {torch.__version__}, cpu", sizes, step, sum(w.numel() for w in weights))
