/**
 * Weights of Keras in HDF5: Keras 3 (`.weights.h5`, and inside `.keras`) and the legacy format (`.h5`), for SimpleRNN,
 * LSTM, GRU, Embedding and Dense.
 */
import type {
  ForeignFile,
  ForeignLayer,
  ForeignTensor,
  Framework,
  LayerKind,
  TensorSource,
} from "./foreign-weights.js";
import type { Hdf5Group } from "./hdf5.js";
import { compareNames } from "./pytorch.js";

const input: TensorSource = { from: ["kernel"], gated: true };
const recurrent: TensorSource = { from: ["recurrent_kernel"], gated: true };
const bias: TensorSource = { from: ["bias"], gated: true, isOptional: true };

/** Gate orders equal rnnx's: LSTM i, f, c, o and GRU z, r, h. A GRU with reset_after has both biases in one array. */
export const keras: Framework = {
  name: "Keras",
  cells: {
    rnn: [{ gates: [0], parameters: { W: input, U: recurrent, b: bias } }],
    lstm: [{ gates: [0, 1, 2, 3], parameters: { W: input, U: recurrent, b: bias } }],
    gru: [
      {
        gates: [0, 1, 2],
        parameters: { W: input, U: recurrent, b: { ...bias, row: 0 }, c: { ...bias, row: 1 } },
      },
      { gates: [0, 1, 2], parameters: { W: input, U: recurrent, b: bias } },
    ],
  },
  layers: {
    embedding: { gates: [0], parameters: { W: { from: ["embeddings"] } } },
    dense: { gates: [0], parameters: { W: { from: ["kernel"] }, b: { from: ["bias"], isOptional: true } } },
  },
};

/** Names of a layer's variables, which Keras 3 numbers. */
const variableNames: Readonly<Record<LayerKind, readonly string[]>> = {
  cell: ["kernel", "recurrent_kernel", "bias"],
  embedding: ["embeddings"],
  dense: ["kernel", "bias"],
};
/** Groups that are not layers of the model. */
const skippedGroups = ["optimizer", "optimizer_weights", "seed_generator", "metrics", "loss_tracker"];

export function readKerasWeights(root: Hdf5Group): ForeignFile {
  const legacy = root.groups.get("model_weights") ?? root;
  return legacy.attributes.has("layer_names") || legacy.attributes.has("layer_names0")
    ? readLegacy(legacy)
    : readLayers(root);
}

// Keras 3: a group per object, with its variables in `vars`.

function readLayers(root: Hdf5Group): ForeignFile {
  const layers: ForeignLayer[] = [];
  const otherTensors: ForeignTensor[] = [];
  const walk = (group: Hdf5Group, path: readonly string[], layerName: string) => {
    const [forward, backward] = [group.groups.get("forward_layer"), group.groups.get("backward_layer")];
    const ownName = nameOf(group) ?? layerName;
    if (forward !== undefined && backward !== undefined) {
      const directions = [forward, backward].map((direction) => variablesOf(direction.groups.get("cell"), "cell"));
      layers.push({ name: path.join("/"), layerName: ownName, kinds: ["cell"], directions });
      return;
    }
    const tensors = [...(group.groups.get("vars")?.tensors.values() ?? [])].filter(({ shape }) => shape.length > 0);
    if (tensors.length > 0) {
      const kind = kindOf(path, tensors);
      if (kind === undefined) otherTensors.push(...tensors);
      else
        layers.push({
          name: path.filter((child) => child !== "cell").join("/"),
          layerName: kind === "cell" ? layerName : ownName,
          kinds: [kind],
          directions: [variablesOf(group, kind)],
        });
    }
    for (const [name, child] of [...group.groups].sort(([a], [b]) => compareNames(a, b)))
      if (name !== "vars" && !skippedGroups.includes(name))
        walk(child, containerGroups.includes(name) ? path : [...path, name], ownName);
  };
  walk(root, [], "");
  return { framework: keras, layers, otherTensors };
}

/** Groups that only contain layers. */
const containerGroups = ["layers", "_layer_checkpoint_dependencies"];

/** The name of a layer in the author's code, stored in its group. */
function nameOf(group: Hdf5Group): string | undefined {
  return group.groups.get("vars")?.attributes.get("name")?.[0];
}

function kindOf(path: readonly string[], vars: readonly ForeignTensor[]): LayerKind | undefined {
  const [last = "", parent = ""] = path.toReversed();
  const ranks = vars.map(({ shape }) => shape.length);
  if (last === "cell" || parent === "cells" || last.endsWith("_cell")) return ranks.length <= 3 ? "cell" : undefined;
  if (/embedding/.test(last)) return ranks.join() === "2" ? "embedding" : undefined;
  return ["2", "2,1"].includes(ranks.join()) ? "dense" : undefined;
}

function variablesOf(group: Hdf5Group | undefined, kind: LayerKind): ReadonlyMap<string, ForeignTensor> {
  const vars = [...(group?.groups.get("vars")?.tensors ?? [])].sort(([a], [b]) => compareNames(a, b));
  return new Map(vars.map(([index, tensor]) => [variableNames[kind][Number(index)] ?? index, tensor]));
}

// Legacy format: a list of layers, each with a list of the paths of its weights.

function readLegacy(root: Hdf5Group): ForeignFile {
  const layers: ForeignLayer[] = [];
  const otherTensors: ForeignTensor[] = [];
  for (const layerName of readNames(root, "layer_names")) {
    const group = root.groups.get(layerName);
    if (group === undefined) continue;
    /** By path prefix: the weights of one cell and direction. */
    const tensorsByOwner = new Map<string, Map<string, ForeignTensor>>();
    for (const path of readNames(group, "weight_names")) {
      const tensor = tensorAt(group, path.split("/"));
      if (tensor === undefined) continue;
      const role = (path.split("/").at(-1) ?? "").replace(/:\d+$/, "");
      const owner = path.slice(0, path.lastIndexOf("/") + 1);
      tensorsByOwner.set(owner, (tensorsByOwner.get(owner) ?? new Map()).set(role, tensor));
    }
    const tensorGroups = [...tensorsByOwner.values()];
    const isCell = tensorGroups.every((tensors) => tensors.has("recurrent_kernel"));
    const bidirectional =
      isCell && tensorGroups.length === 2 && [...tensorsByOwner.keys()].some((path) => /\bbackward_/.test(path));
    const directionGroups = bidirectional ? [tensorGroups] : tensorGroups.map((tensors) => [tensors]);
    for (const [index, directions] of directionGroups.entries()) {
      const [first = new Map<string, ForeignTensor>()] = directions;
      const kind = legacyKind(first);
      const name = directionGroups.length > 1 ? `${layerName}/${index}` : layerName;
      if (kind === undefined) otherTensors.push(...first.values());
      else layers.push({ name, layerName, kinds: [kind], directions });
    }
  }
  return { framework: keras, layers, otherTensors };
}

function legacyKind(tensors: ReadonlyMap<string, ForeignTensor>): LayerKind | undefined {
  if (tensors.has("recurrent_kernel")) return "cell";
  if (tensors.has("embeddings")) return "embedding";
  return tensors.get("kernel")?.shape.length === 2 ? "dense" : undefined;
}

/** Reads a list of names, which Keras splits if it is long: `layer_names0`, `layer_names1`, … */
function readNames(group: Hdf5Group, name: string): readonly string[] {
  const names = group.attributes.get(name);
  if (names !== undefined) return names;
  const chunks: string[] = [];
  for (let index = 0; group.attributes.has(`${name}${index}`); index++)
    chunks.push(...(group.attributes.get(`${name}${index}`) ?? []));
  return chunks;
}

function tensorAt(group: Hdf5Group, [first = "", ...others]: readonly string[]): ForeignTensor | undefined {
  if (others.length === 0) return group.tensors.get(first);
  const inner = group.groups.get(first);
  return inner && tensorAt(inner, others);
}
