/**
 * Weights of Keras in HDF5: Keras 3 (`.weights.h5`, and inside `.keras`) and the legacy format (`.h5`), for SimpleRNN,
 * LSTM, GRU, Embedding, Dense, Conv1D, attention with heads, and normalizing layers.
 */
import {
  type ConversionRule,
  type ForeignFile,
  type ForeignLayer,
  type ForeignTensor,
  type Framework,
  type LayerKind,
  type TensorSource,
  ungatedRule,
} from "./foreign-weights.js";
import type { Hdf5Group } from "./hdf5.js";
import { compareNames } from "./pytorch.js";

const input: TensorSource = { from: ["kernel"], gated: true };
const recurrent: TensorSource = { from: ["recurrent_kernel"], gated: true };
const bias: TensorSource = { from: ["bias"], gated: true, isOptional: true };

const affine = ungatedRule({ W: { from: ["kernel"] }, b: { from: ["bias"], isOptional: true } });
const table = ungatedRule({ W: { from: ["embeddings"] } });

/** Kernels [in, heads, head_size] and [heads, head_size, out]. */
const attention = ungatedRule(
  Object.fromEntries(
    (
      [
        ["q", "query", "queries"],
        ["k", "key", "keys"],
        ["v", "value", "keys"],
        ["o", "attention_output", "queries"],
      ] as const
    ).flatMap(([letter, name, of]): [string, TensorSource][] => {
      const isOutput = letter === "o";
      const heads = { axis: isOutput ? "first" : "last", of } as const;
      return [
        [`W${letter}`, { from: [`${name}/kernel`], heads }],
        [`b${letter}`, { from: [`${name}/bias`], isOptional: true, ...(!isOutput && { heads }) }],
      ];
    }),
  ),
);

/** A single vector of a Keras 3 file may be either. */
const oneVector = "gamma or beta";

/** With scale and center, one of them, or none; `scale` is that of an RMSNormalization. */
function norms(statistics: ConversionRule["parameters"] = {}): readonly ConversionRule[] {
  return [
    ungatedRule({ gain: { from: ["gamma"] }, shift: { from: ["beta"] }, ...statistics }),
    ungatedRule({ gain: { from: [oneVector] }, ...statistics }),
    ungatedRule({ shift: { from: [oneVector] }, ...statistics }),
    ungatedRule({ gain: { from: ["scale"] }, ...statistics }),
  ];
}

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
    embedding: [table],
    position: [table],
    dense: [affine],
    conv1d: [affine],
    attention: [attention],
    layer_norm: norms(),
    rms_norm: norms(),
    group_norm: norms(),
    batch_norm: norms({
      running_mean: { from: ["moving_mean"] },
      running_variance: { from: ["moving_variance"] },
    }),
  },
};

/** Names of a layer's variables, which Keras 3 numbers. */
function variableNames([kind]: readonly LayerKind[], count: number): readonly string[] {
  switch (kind) {
    case "cell":
      return ["kernel", "recurrent_kernel", "bias"];
    case "embedding":
    case "position":
      return ["embeddings"];
    case "batch_norm":
      return [...vectorNames(count - 2), "moving_mean", "moving_variance"];
    case "layer_norm":
    case "rms_norm":
    case "group_norm":
      return vectorNames(count);
    default:
      return ["kernel", "bias"];
  }
}

function vectorNames(count: number): readonly string[] {
  return count > 1 ? ["gamma", "beta"] : count === 1 ? [oneVector] : [];
}

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
      const directions = [forward, backward].map((direction) => variablesOf(direction.groups.get("cell"), ["cell"]));
      layers.push({ name: path.join("/"), layerName: ownName, kinds: ["cell"], directions });
      return;
    }
    const projections = projectionsOf(group);
    if (projections !== undefined) {
      layers.push({ name: path.join("/"), layerName: ownName, kinds: ["attention"], directions: [projections] });
      return;
    }
    const tensors = [...(group.groups.get("vars")?.tensors.values() ?? [])].filter(({ shape }) => shape.length > 0);
    if (tensors.length > 0) {
      const kinds = kindsOf(path, tensors, ownName);
      if (kinds.length === 0) otherTensors.push(...tensors);
      else
        layers.push({
          name: path.filter((child) => child !== "cell").join("/"),
          layerName: kinds[0] === "cell" ? layerName : ownName,
          kinds,
          directions: [variablesOf(group, kinds)],
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

function kindsOf(path: readonly string[], vars: readonly ForeignTensor[], ownName: string): readonly LayerKind[] {
  const [last = "", parent = ""] = path.toReversed();
  const ranks = vars.map(({ shape }) => shape.length);
  if (last === "cell" || parent === "cells" || last.endsWith("_cell")) return ranks.length <= 3 ? ["cell"] : [];
  if (/emb/.test(last)) return ranks.join() === "2" ? tableKinds(last + ownName) : [];
  if (ranks.every((rank) => rank === 1)) return normKinds(last + ownName, ranks.length);
  if (["3", "3,1"].includes(ranks.join())) return ["conv1d"];
  return ["2", "2,1"].includes(ranks.join()) ? ["dense"] : [];
}

function tableKinds(names: string): readonly LayerKind[] {
  return /pos/.test(names) ? ["position"] : ["embedding", "position"];
}

/** Normalizing layers of some vectors, by their number and the names of the layer. */
function normKinds(names: string, count: number): readonly LayerKind[] {
  if (count > 2 || /batch/.test(names)) return count > 4 ? [] : ["batch_norm"];
  const kinds = ["layer_norm", "group_norm", ...(count === 1 ? ["rms_norm"] : [])] as LayerKind[];
  const named = kinds.filter((kind) => names.replaceAll("_", "").includes(kind.replace("_", "")));
  return named.length > 0 ? named : kinds;
}

function variablesOf(group: Hdf5Group | undefined, kinds: readonly LayerKind[]): ReadonlyMap<string, ForeignTensor> {
  const vars = [...(group?.groups.get("vars")?.tensors ?? [])].sort(([a], [b]) => compareNames(a, b));
  const names = variableNames(kinds, vars.length);
  return new Map(vars.map(([index, tensor]) => [names[Number(index)] ?? index, tensor]));
}

/** The tensors of attention: those of its four projections by name. */
function projectionsOf({ groups }: Hdf5Group): ReadonlyMap<string, ForeignTensor> | undefined {
  const names = { query: "query_dense", key: "key_dense", value: "value_dense", attention_output: "output_dense" };
  const projections = Object.entries(names).flatMap(([name, child]) => {
    const group = groups.get(child) ?? groups.get(`_${child}`);
    return group === undefined ? [] : [{ name, group }];
  });
  if (projections.length < 4) return undefined;
  const tensors = projections.flatMap(({ name, group }) =>
    [...variablesOf(group, ["dense"])].map(([role, tensor]) => [`${name}/${role}`, tensor] as const),
  );
  return new Map(tensors);
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
    const tensorGroups = [...mergeProjections(tensorsByOwner).values()];
    const isCell = tensorGroups.every((tensors) => tensors.has("recurrent_kernel"));
    const bidirectional =
      isCell && tensorGroups.length === 2 && [...tensorsByOwner.keys()].some((path) => /\bbackward_/.test(path));
    const directionGroups = bidirectional ? [tensorGroups] : tensorGroups.map((tensors) => [tensors]);
    for (const [index, directions] of directionGroups.entries()) {
      const [first = new Map<string, ForeignTensor>()] = directions;
      const kinds = legacyKinds(first, layerName);
      const name = directionGroups.length > 1 ? `${layerName}/${index}` : layerName;
      if (kinds.length === 0) otherTensors.push(...first.values());
      else layers.push({ name, layerName, kinds, directions });
    }
  }
  return { framework: keras, layers, otherTensors };
}

const projectionNames = ["query", "key", "value", "attention_output"];

/** The four projections of attention as one owner, with their names before the roles. */
function mergeProjections(byOwner: ReadonlyMap<string, ReadonlyMap<string, ForeignTensor>>): typeof byOwner {
  const merged = new Map<string, ReadonlyMap<string, ForeignTensor>>();
  for (const [owner, tensors] of byOwner) {
    const [, parent = "", name = ""] = /^(.*\/)?([^/]+)\/$/.exec(owner) ?? [];
    const isProjection =
      projectionNames.includes(name) && projectionNames.every((other) => byOwner.has(`${parent}${other}/`));
    if (!isProjection) merged.set(owner, tensors);
    else {
      const named = [...tensors].map(([role, tensor]) => [`${name}/${role}`, tensor] as const);
      merged.set(parent, new Map([...(merged.get(parent) ?? []), ...named]));
    }
  }
  return merged;
}

function legacyKinds(tensors: ReadonlyMap<string, ForeignTensor>, layerName: string): readonly LayerKind[] {
  const has = (...roles: readonly string[]) => roles.some((role) => tensors.has(role));
  if (has("recurrent_kernel")) return ["cell"];
  if (has("embeddings")) return tableKinds(layerName);
  if (has("query/kernel")) return ["attention"];
  if (has("moving_mean")) return ["batch_norm"];
  if (has("scale")) return ["rms_norm"];
  if (has("gamma", "beta")) return normKinds(layerName, tensors.size);
  const rank = tensors.get("kernel")?.shape.length;
  return rank === 2 ? ["dense"] : rank === 3 ? ["conv1d"] : [];
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
