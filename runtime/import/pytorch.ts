/**
 * Weights of PyTorch: a state dict as safetensors, for torch.nn.RNN, LSTM, GRU, Embedding, Linear, Conv1d,
 * MultiheadAttention, LayerNorm, RMSNorm, GroupNorm and BatchNorm1d.
 */
import { ok } from "../result.js";
import type { Tensors } from "../tensors/safetensors.js";
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
import { foldWeightNorm, pairOf } from "./weight-norm.js";

const kernel = (from: string): TensorSource => ({ from: [from], transpose: true, gated: true });
const bias = (...from: readonly string[]): TensorSource => ({ from, gated: true, isOptional: true });
const input = kernel("weight_ih");
const recurrent = kernel("weight_hh");
const bothBiases = bias("bias_ih", "bias_hh");

/** A Linear [out, in] or a Conv1d [out, in / groups, kernel_size]. */
const affineBias: TensorSource = { from: ["bias"], isOptional: true };
const affine = [
  ungatedRule({ W: { from: ["weight"], transpose: true }, b: affineBias }),
  ungatedRule({ v: { from: ["weight_v"], transpose: true }, g: { from: ["weight_g"] }, b: affineBias }),
];
const norm = ungatedRule({ gain: { from: ["weight"] }, shift: { from: ["bias"] } });

/** Sources of query, key and value by index. */
function attention(weight: (index: number) => TensorSource, bias: (index: number) => TensorSource): ConversionRule {
  const inputs = ["q", "k", "v"].flatMap((letter, index): [string, TensorSource][] => [
    [`W${letter}`, { ...weight(index), transpose: true }],
    [`b${letter}`, { ...bias(index), isOptional: true }],
  ]);
  return ungatedRule({
    ...Object.fromEntries(inputs),
    Wo: { from: ["out_proj.weight"], transpose: true },
    bo: { from: ["out_proj.bias"], isOptional: true },
  });
}

/** Gate orders: LSTM i, f, g, o and GRU r, z, n. A cell's single bias is the sum of PyTorch's two. */
export const pytorch: Framework = {
  name: "PyTorch",
  cells: {
    rnn: [{ gates: [0], parameters: { W: input, U: recurrent, b: bothBiases } }],
    lstm: [
      { gates: [0, 1, 2, 3], parameters: { W: input, U: recurrent, b: bothBiases } },
      {
        gates: [0, 1, 2, 3],
        parameters: { W: input, U: recurrent, b: bothBiases, P: { from: ["weight_hr"], transpose: true } },
      },
    ],
    gru: [{ gates: [1, 0, 2], parameters: { W: input, U: recurrent, b: bias("bias_ih"), c: bias("bias_hh") } }],
  },
  layers: {
    embedding: [ungatedRule({ W: { from: ["weight"] } })],
    position: [ungatedRule({ W: { from: ["weight"] } })],
    dense: affine,
    conv1d: affine,
    attention: [
      attention(
        (index) => ({ from: ["in_proj_weight"], part: { index, count: 3 } }),
        (index) => ({ from: ["in_proj_bias"], part: { index, count: 3 } }),
      ),
      attention(
        (index) => ({ from: [`${"qkv"[index]}_proj_weight`] }),
        (index) => ({ from: ["in_proj_bias"], part: { index, count: 3 } }),
      ),
      attention(
        (index) => ({ from: [`${"qkv"[index]}_proj_weight`] }),
        (index) => ({ from: [`${"qkv"[index]}_proj_bias`] }),
      ),
    ],
    layer_norm: [norm],
    rms_norm: [norm],
    group_norm: [norm],
    batch_norm: [
      ungatedRule({
        ...norm.parameters,
        running_mean: { from: ["running_mean"] },
        running_variance: { from: ["running_var"] },
      }),
    ],
  },
};

/**
 * `encoder.lstm.weight_ih_l1_reverse`: module, role, layer, direction. A module of a single step (LSTMCell) has no
 * layer.
 */
const recurrentName = /^(?:(.*)\.)?(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(?:_l(\d+)(_reverse)?)?$/;
const plainName = /^(?:(.*)\.)?(weight|bias|running_mean|running_var|num_batches_tracked)$/;
/** A tensor of a MultiheadAttention; `bias_k` and `bias_v` have no counterpart. */
const attentionName =
  /^(?:(.*)\.)?(in_proj_weight|in_proj_bias|[qkv]_proj_weight|bias_[kv]|out_proj\.(?:weight|bias))$/;
/** A tensor of a projection that is a Linear: of Hugging Face's models, and with one Linear for q, k and v of GPT-2. */
const projectionName = /^(?:(.*)\.)?(?:([qkv])_proj|(c_attn)|(?:out|o|c)_proj)\.(weight|bias)$/;
/** Module names of embeddings, whose weight looks like a kernel without a bias. */
const embeddingName = /emb|wte|lookup/i;
const positionName = /wpe|pos.*emb|emb.*pos/i;

interface LayerDraft {
  readonly module: string;
  /** Index in a module of several layers; -1 for a module of a single step. */
  readonly layer: number;
  readonly type: "cell" | "attention" | "plain";
  readonly directions: [Map<string, ForeignTensor>, Map<string, ForeignTensor>];
}

/** The modules that are attention: they have weights of q, k, v and of the output. */
function attentionModules(names: readonly string[]): ReadonlySet<string> {
  const modules = names.map((name) => (attentionName.exec(name) ?? projectionName.exec(name))?.[1] ?? "");
  return new Set(
    modules.filter((module) => {
      const has = (...roles: readonly string[]) =>
        roles.some((role) => names.includes(module === "" ? role : `${module}.${role}`));
      const hasInputs =
        has("in_proj_weight", "c_attn.weight") ||
        ["q", "k", "v"].every((letter) => has(`${letter}_proj_weight`, `${letter}_proj.weight`));
      return hasInputs && has("out_proj.weight", "o_proj.weight", "c_proj.weight");
    }),
  );
}

/** The module and the role of a tensor of attention; undefined for another tensor. */
function attentionRole(name: string, modules: ReadonlySet<string>): readonly [string, string] | undefined {
  const [, module = "", ownRole] = attentionName.exec(name) ?? [];
  if (ownRole !== undefined) return modules.has(module) ? [module, ownRole] : undefined;
  const match = projectionName.exec(name);
  if (match === null || !modules.has(match[1] ?? "")) return undefined;
  const [, parent = "", letter, joined, role = ""] = match;
  const ofOutput = letter === undefined && joined === undefined;
  return [parent, ofOutput ? `out_proj.${role}` : `${letter ?? "in"}_proj_${role}`];
}

export function readStateDict(stored: Tensors): ForeignFile {
  const { folded: tensors, pairs } = foldWeightNorm(stored);
  const drafts = new Map<string, LayerDraft>();
  const otherTensors: ForeignTensor[] = [];
  const draft = (module: string, layer: number, type: LayerDraft["type"]): LayerDraft => {
    const key = `${module} ${layer} ${type}`;
    const existing = drafts.get(key) ?? { module, layer, type, directions: [new Map(), new Map()] };
    drafts.set(key, existing);
    return existing;
  };
  const attentions = attentionModules([...tensors.keys()]);
  for (const [name, { shape, data }] of tensors) {
    const tensor = { name, shape, read: () => ok(data) };
    const [, module = "", role = "", layer = "-1", reverse] = recurrentName.exec(name) ?? [];
    const [, plainModule = "", plainRole = ""] = plainName.exec(name) ?? [];
    const [attentionModule = "", ofAttention] = attentionRole(name, attentions) ?? [];
    if (ofAttention !== undefined) draft(attentionModule, -1, "attention").directions[0].set(ofAttention, tensor);
    else if (role !== "")
      draft(module, Number(layer), "cell").directions[reverse === undefined ? 0 : 1].set(role, tensor);
    else if (plainRole === "") otherTensors.push(tensor);
    else if (plainRole !== "num_batches_tracked") {
      const [roles] = draft(plainModule, -1, "plain").directions;
      if (plainRole !== "weight" || shape.length < 2) roles.set(plainRole, tensor);
      else {
        const { norms, direction } = pairs.get(name) ?? pairOf(name, { shape, data });
        roles.set(plainRole, { ...tensor, isAlternative: true });
        roles.set("weight_v", { ...direction, isAlternative: true }).set("weight_g", { ...norms, isAlternative: true });
      }
    }
  }
  const all = [...drafts.values()].sort((a, b) => compareNames(a.module, b.module) || a.layer - b.layer);
  const isStacked = (module: string) =>
    all.filter((other) => other.module === module && other.type === "cell").length > 1;
  return {
    framework: pytorch,
    layers: all.map((layer) => toForeignLayer(layer, isStacked(layer.module))),
    otherTensors,
  };
}

/** Orders numbers in names by value: `layers.10` after `layers.9`. */
export function compareNames(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function toForeignLayer({ module, layer, type, directions }: LayerDraft, isStacked: boolean): ForeignLayer {
  const name =
    isStacked || module === "" ? [module, ...(layer < 0 ? [] : [`l${layer}`])].filter(Boolean).join(".") : module;
  const [forward, backward] = directions;
  return {
    name,
    layerName: module.split(".").at(-1) ?? "",
    kinds: type === "plain" ? plainKinds(module, forward) : [type],
    directions: backward.size > 0 ? [forward, backward] : [forward],
  };
}

function plainKinds(module: string, tensors: ReadonlyMap<string, ForeignTensor>): readonly LayerKind[] {
  const [hasBias, rank] = [tensors.has("bias"), tensors.get("weight")?.shape.length];
  if (tensors.has("running_mean")) return ["batch_norm"];
  switch (rank) {
    case undefined:
      return ["dense"];
    case 1:
      return hasBias ? ["layer_norm", "group_norm"] : ["rms_norm", "layer_norm", "group_norm"];
    case 2:
      if (hasBias) return ["dense"];
      if (positionName.test(module)) return ["position"];
      return embeddingName.test(module) ? ["embedding"] : ["dense", "embedding", "position"];
    case 3:
      return ["conv1d"];
    default:
      return [];
  }
}
