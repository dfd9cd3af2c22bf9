/**
 * Keras: weights in HDF5, in the layout of Keras 3 (`.weights.h5`, and inside `.keras`) and in the one before (`.h5`). Names
 * and layouts of SimpleRNN, LSTM, GRU, Embedding and Dense.
 */
import type { ForeignFile, ForeignTensor, ForeignUnit, Framework, Source, UnitKind } from "./foreign.js";
import type { Hdf5Group } from "./hdf5.js";
import { byName } from "./pytorch.js";

const input: Source = { from: ["kernel"], gated: true };
const recurrent: Source = { from: ["recurrent_kernel"], gated: true };
const bias: Source = { from: ["bias"], gated: true, optional: true };

/** LSTM's gates are i, f, c, o, and GRU's z, r, h, as ours. A GRU that resets after its product has both biases in one array. */
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
    dense: { gates: [0], parameters: { W: { from: ["kernel"] }, b: { from: ["bias"], optional: true } } },
  },
};

/** In Keras 3 a layer's variables are named by their places. */
const variables: Readonly<Record<UnitKind, readonly string[]>> = {
  cell: ["kernel", "recurrent_kernel", "bias"],
  embedding: ["embeddings"],
  dense: ["kernel", "bias"],
};
/** Groups beside the model's own layers. */
const skipped = ["optimizer", "optimizer_weights", "seed_generator", "metrics", "loss_tracker"];

export function readWeights(root: Hdf5Group): ForeignFile {
  const legacy = root.groups.get("model_weights") ?? root;
  return legacy.attributes.has("layer_names") || legacy.attributes.has("layer_names0")
    ? readLegacy(legacy)
    : readLayers(root);
}

// ── Keras 3: a group for each object, its variables in `vars` ──

function readLayers(root: Hdf5Group): ForeignFile {
  const units: ForeignUnit[] = [];
  const rest: ForeignTensor[] = [];
  const walk = (group: Hdf5Group, path: readonly string[], layer: string) => {
    const [forward, backward] = [group.groups.get("forward_layer"), group.groups.get("backward_layer")];
    const named = nameOf(group) ?? layer;
    if (forward !== undefined && backward !== undefined) {
      const ways = [forward, backward].map((way) => variablesOf(way.groups.get("cell"), "cell"));
      units.push({ name: path.join("/"), layer: named, kinds: ["cell"], directions: ways });
      return;
    }
    const vars = [...(group.groups.get("vars")?.tensors.values() ?? [])].filter(({ shape }) => shape.length > 0);
    if (vars.length > 0) {
      const kind = kindOf(path, vars);
      if (kind === undefined) rest.push(...vars);
      else
        units.push({
          name: path.filter((part) => part !== "cell").join("/"),
          layer: kind === "cell" ? layer : named,
          kinds: [kind],
          directions: [variablesOf(group, kind)],
        });
    }
    for (const [name, part] of [...group.groups].sort(([a], [b]) => byName(a, b)))
      if (name !== "vars" && !skipped.includes(name))
        walk(part, groupings.includes(name) ? path : [...path, name], named);
  };
  walk(root, [], "");
  return { framework: keras, units, rest };
}

/** Groups that say nothing but that layers are in them. */
const groupings = ["layers", "_layer_checkpoint_dependencies"];

/** The name that the author gave, which a layer's own group carries. */
function nameOf(group: Hdf5Group): string | undefined {
  return group.groups.get("vars")?.attributes.get("name")?.[0];
}

function kindOf(path: readonly string[], vars: readonly ForeignTensor[]): UnitKind | undefined {
  const [last = "", before = ""] = path.toReversed();
  const ranks = vars.map(({ shape }) => shape.length);
  if (last === "cell" || before === "cells" || last.endsWith("_cell")) return ranks.length <= 3 ? "cell" : undefined;
  if (/embedding/.test(last)) return ranks.join() === "2" ? "embedding" : undefined;
  return ["2", "2,1"].includes(ranks.join()) ? "dense" : undefined;
}

function variablesOf(group: Hdf5Group | undefined, kind: UnitKind): ReadonlyMap<string, ForeignTensor> {
  const vars = [...(group?.groups.get("vars")?.tensors ?? [])].sort(([a], [b]) => byName(a, b));
  return new Map(vars.map(([place, tensor]) => [variables[kind][Number(place)] ?? place, tensor]));
}

// ── Before: a list of layers, each with a list of its weights' paths ──

function readLegacy(root: Hdf5Group): ForeignFile {
  const units: ForeignUnit[] = [];
  const rest: ForeignTensor[] = [];
  for (const layer of listed(root, "layer_names")) {
    const group = root.groups.get(layer);
    if (group === undefined) continue;
    /** By what their paths have in common: one cell's weights, in one or two directions. */
    const owners = new Map<string, Map<string, ForeignTensor>>();
    for (const path of listed(group, "weight_names")) {
      const tensor = tensorAt(group, path.split("/"));
      if (tensor === undefined) continue;
      const role = (path.split("/").at(-1) ?? "").replace(/:\d+$/, "");
      const owner = path.slice(0, path.lastIndexOf("/") + 1);
      owners.set(owner, (owners.get(owner) ?? new Map()).set(role, tensor));
    }
    const parts = [...owners.values()];
    const isCell = parts.every((part) => part.has("recurrent_kernel"));
    const bidirectional = isCell && parts.length === 2 && [...owners.keys()].some((path) => /\bbackward_/.test(path));
    const inLayer = bidirectional ? [parts] : parts.map((part) => [part]);
    for (const [index, directions] of inLayer.entries()) {
      const [first = new Map<string, ForeignTensor>()] = directions;
      const kind = legacyKind(first);
      const name = inLayer.length > 1 ? `${layer}/${index}` : layer;
      if (kind === undefined) rest.push(...first.values());
      else units.push({ name, layer, kinds: [kind], directions });
    }
  }
  return { framework: keras, units, rest };
}

function legacyKind(tensors: ReadonlyMap<string, ForeignTensor>): UnitKind | undefined {
  if (tensors.has("recurrent_kernel")) return "cell";
  if (tensors.has("embeddings")) return "embedding";
  return tensors.get("kernel")?.shape.length === 2 ? "dense" : undefined;
}

/** A long list is in pieces: `layer_names0`, `layer_names1`, … */
function listed(group: Hdf5Group, name: string): readonly string[] {
  const whole = group.attributes.get(name);
  if (whole !== undefined) return whole;
  const pieces: string[] = [];
  for (let piece = 0; group.attributes.has(`${name}${piece}`); piece++)
    pieces.push(...(group.attributes.get(`${name}${piece}`) ?? []));
  return pieces;
}

function tensorAt(group: Hdf5Group, [first = "", ...others]: readonly string[]): ForeignTensor | undefined {
  if (others.length === 0) return group.tensors.get(first);
  const inner = group.groups.get(first);
  return inner && tensorAt(inner, others);
}
