/**
 * Weight normalization (T. Salimans and D. P. Kingma, 2016): a kernel as its direction v and the norms g of its output
 * units, W = g v / ‖v‖. Files and models have either form, and each is converted to the other.
 */
import type { StoredTensor } from "../../compiler/artifact.js";
import { ok } from "../result.js";
import { normsOf } from "../tensors/initializers.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import type { ForeignTensor } from "./foreign-weights.js";

/** The names of g and v: of torch.nn.utils.parametrizations.weight_norm, and of torch.nn.utils.weight_norm. */
const forms = [
  { norms: "parametrizations.weight.original0", direction: "parametrizations.weight.original1" },
  { norms: "weight_g", direction: "weight_v" },
];

/** The direction and the norms of a weight of PyTorch, whose first axis is that of the output units. */
interface Pair {
  readonly norms: ForeignTensor;
  readonly direction: ForeignTensor;
}

/** A state dict with each pair of direction and norms as the weight of its module, and the pairs by the weight's name. */
export function foldWeightNorm(tensors: Tensors): {
  readonly folded: Tensors;
  readonly pairs: ReadonlyMap<string, Pair>;
} {
  const folded = new Map(tensors);
  const pairs = new Map<string, Pair>();
  for (const { norms, direction } of forms)
    for (const [name, g] of tensors) {
      const prefix = name.slice(0, -norms.length);
      const v = tensors.get(prefix + direction);
      if (!name.endsWith(norms) || v === undefined || !hasRows(g, v)) continue;
      folded.delete(name);
      folded.delete(prefix + direction);
      folded.set(`${prefix}weight`, scaledRows(g, v));
      pairs.set(`${prefix}weight`, {
        norms: { name, shape: [g.data.length], read: () => ok(g.data) },
        direction: { name: prefix + direction, shape: v.shape, read: () => ok(v.data) },
      });
    }
  return { folded, pairs };
}

/** The pair of a weight that is stored as itself. */
export function pairOf(name: string, { shape, data }: Tensor): Pair {
  return {
    norms: { name, shape: shape.slice(0, 1), read: () => ok(rowNorms(shape, data)) },
    direction: { name, shape, read: () => ok(data) },
  };
}

/** True for one norm of each row: norms along another axis have a 1 as their first size. */
function hasRows(norms: Tensor, direction: Tensor): boolean {
  return norms.shape[0] === direction.shape[0] && norms.data.length === direction.shape[0];
}

function rowNorms(shape: readonly number[], data: Float32Array): Float32Array {
  const rows = shape[0] ?? 1;
  const size = data.length / rows;
  return Float32Array.from({ length: rows }, (_, row) =>
    Math.sqrt(data.subarray(row * size, (row + 1) * size).reduce((sum, value) => sum + value * value, 0)),
  );
}

function scaledRows(norms: Tensor, { shape, data }: Tensor): Tensor {
  const size = data.length / (shape[0] ?? 1);
  const lengths = rowNorms(shape, data);
  const scales = Array.from(norms.data, (norm, row) => norm / (lengths[row] ?? 0));
  return { shape, data: data.map((value, index) => value * (scales[Math.floor(index / size)] ?? 0)) };
}

/**
 * Tensors of rnnx with the kernels in the form of the model: `<layer>/W`, or `<layer>/v` and `<layer>/g`, whose last
 * axis is that of the output units.
 */
export function matchWeightNorm(tensors: Tensors, parameters: readonly StoredTensor[]): Tensors {
  const names = new Set(parameters.map(({ name }) => name));
  const matched = new Map(tensors);
  for (const layer of new Set([...tensors.keys()].map((name) => name.slice(0, name.lastIndexOf("/"))))) {
    const [kernel, direction, norms] = [`${layer}/W`, `${layer}/v`, `${layer}/g`];
    const [w, v, g] = [tensors.get(kernel), tensors.get(direction), tensors.get(norms)];
    if (w !== undefined && !names.has(kernel) && names.has(direction) && names.has(norms)) {
      matched.delete(kernel);
      matched.set(direction, w).set(norms, { shape: w.shape.slice(-1), data: normsOf(w) });
    }
    const isPair = v !== undefined && g !== undefined && g.data.length === v.shape.at(-1);
    if (isPair && names.has(kernel) && !names.has(direction) && !names.has(norms)) {
      matched.delete(direction);
      matched.delete(norms);
      matched.set(kernel, scaledColumns(g, v));
    }
  }
  return matched;
}

function scaledColumns(norms: Tensor, direction: Tensor): Tensor {
  const lengths = normsOf(direction);
  const scales = Array.from(norms.data, (norm, column) => norm / (lengths[column] ?? 0));
  const data = direction.data.map((value, index) => value * (scales[index % scales.length] ?? 0));
  return { shape: direction.shape, data };
}
