/** Weights of PyTorch: a state dict as safetensors, for torch.nn.RNN, LSTM, GRU, Embedding and Linear. */
import { ok } from "../result.js";
import type { Tensors } from "../tensors/safetensors.js";
import type {
  ForeignFile,
  ForeignLayer,
  ForeignTensor,
  Framework,
  LayerKind,
  TensorSource,
} from "./foreign-weights.js";

const kernel = (from: string): TensorSource => ({ from: [from], transpose: true, gated: true });
const bias = (...from: readonly string[]): TensorSource => ({ from, gated: true, isOptional: true });
const input = kernel("weight_ih");
const recurrent = kernel("weight_hh");
const bothBiases = bias("bias_ih", "bias_hh");

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
    embedding: { gates: [0], parameters: { W: { from: ["weight"] } } },
    dense: {
      gates: [0],
      parameters: { W: { from: ["weight"], transpose: true }, b: { from: ["bias"], isOptional: true } },
    },
  },
};

/**
 * `encoder.lstm.weight_ih_l1_reverse`: module, role, layer, direction. A module of a single step (LSTMCell) has no
 * layer.
 */
const recurrentName = /^(?:(.*)\.)?(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(?:_l(\d+)(_reverse)?)?$/;
const denseName = /^(?:(.*)\.)?(weight|bias)$/;
/** Module names of embeddings, whose weight looks like a kernel without a bias. */
const embeddingName = /emb|wte|lookup/i;

interface LayerDraft {
  readonly module: string;
  /** Index in a module of several layers; -1 for a module of a single step. */
  readonly layer: number;
  readonly recurrent: boolean;
  readonly directions: [Map<string, ForeignTensor>, Map<string, ForeignTensor>];
}

export function readStateDict(tensors: Tensors): ForeignFile {
  const drafts = new Map<string, LayerDraft>();
  const otherTensors: ForeignTensor[] = [];
  const draft = (module: string, layer: number, isRecurrent: boolean): LayerDraft => {
    const key = `${module} ${layer} ${isRecurrent}`;
    const existing = drafts.get(key) ?? { module, layer, recurrent: isRecurrent, directions: [new Map(), new Map()] };
    drafts.set(key, existing);
    return existing;
  };
  for (const [name, { shape, data }] of tensors) {
    const tensor = { name, shape, read: () => ok(data) };
    const [, module = "", role = "", layer = "-1", reverse] = recurrentName.exec(name) ?? [];
    const [, plainModule = "", plainRole = ""] = denseName.exec(name) ?? [];
    if (role !== "") draft(module, Number(layer), true).directions[reverse === undefined ? 0 : 1].set(role, tensor);
    else if (plainRole !== "") draft(plainModule, -1, false).directions[0].set(plainRole, tensor);
    else otherTensors.push(tensor);
  }
  const all = [...drafts.values()].sort((a, b) => compareNames(a.module, b.module) || a.layer - b.layer);
  const isStacked = (module: string) => all.filter((other) => other.module === module && other.recurrent).length > 1;
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

function toForeignLayer(
  { module, layer, recurrent: isRecurrent, directions }: LayerDraft,
  isStacked: boolean,
): ForeignLayer {
  const name =
    isStacked || module === "" ? [module, ...(layer < 0 ? [] : [`l${layer}`])].filter(Boolean).join(".") : module;
  const [forward, backward] = directions;
  return {
    name,
    layerName: module.split(".").at(-1) ?? "",
    kinds: isRecurrent ? ["cell"] : plainKinds(module, forward),
    directions: backward.size > 0 ? [forward, backward] : [forward],
  };
}

function plainKinds(module: string, tensors: ReadonlyMap<string, ForeignTensor>): readonly LayerKind[] {
  if (tensors.get("weight")?.shape.length !== 2) return tensors.has("weight") ? [] : ["dense"];
  if (tensors.has("bias")) return ["dense"];
  return embeddingName.test(module) ? ["embedding"] : ["dense", "embedding"];
}
