/**
 * Weight normalization of PyTorch (T. Salimans, D. Kingma, 2016): a weight that is stored as its direction v and the
 * norms g of its rows, w = g v / ‖v‖, is one tensor.
 */
import type { Tensor, Tensors } from "../tensors/safetensors.js";

/** The names of g and v: of torch.nn.utils.parametrizations.weight_norm, and of torch.nn.utils.weight_norm. */
const forms = [
  { norms: "parametrizations.weight.original0", direction: "parametrizations.weight.original1" },
  { norms: "weight_g", direction: "weight_v" },
];

/** The state dict with each pair as the weight of its module. */
export function foldWeightNorm(tensors: Tensors): Tensors {
  const folded = new Map(tensors);
  for (const { norms, direction } of forms)
    for (const [name, g] of tensors) {
      const prefix = name.slice(0, -norms.length);
      const v = tensors.get(prefix + direction);
      if (!name.endsWith(norms) || v === undefined || !hasRows(g, v)) continue;
      folded.delete(name);
      folded.delete(prefix + direction);
      folded.set(`${prefix}weight`, scaledRows(g, v));
    }
  return folded;
}

/** True for one norm of each row: norms along another axis have a 1 as their first size. */
function hasRows(norms: Tensor, direction: Tensor): boolean {
  return norms.shape[0] === direction.shape[0] && norms.data.length === direction.shape[0];
}

function scaledRows(norms: Tensor, { shape, data }: Tensor): Tensor {
  const size = data.length / (shape[0] ?? 1);
  const scales = Array.from(norms.data, (norm, row) => {
    const squares = data.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + value * value, 0);
    return norm / Math.sqrt(squares);
  });
  return { shape, data: data.map((value, index) => value * (scales[Math.floor(index / size)] ?? 0)) };
}
