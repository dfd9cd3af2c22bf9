/** Weights of another framework: the layers of a file, and the rules that convert them. */
import type { Result } from "../result.js";

/** A tensor that is read on demand; its shape is not trusted before. */
export interface ForeignTensor {
  /** Its full name in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  /** One of several forms of a tensor, of which a layer reads one. */
  readonly isAlternative?: true;
  /** The values, row-major, or what is wrong with them, as a predicate of the tensor's name. */
  read(): Result<Float32Array, string>;
}

/** A cell, or a kind of layer of the model; `dense` is also that of a projection. */
export type LayerKind =
  | "cell"
  | "embedding"
  | "position"
  | "dense"
  | "conv1d"
  | "attention"
  | "layer_norm"
  | "rms_norm"
  | "group_norm"
  | "batch_norm";

/** The tensors of one layer: a cell in one or two directions, or another layer. */
export interface ForeignLayer {
  /** The name for `--map`: `lstm`, `encoder.rnn.l1`. */
  readonly name: string;
  /** The name of the layer in the author's code. */
  readonly layerName: string;
  /** Possible kinds: a kernel without a bias may be an embedding. */
  readonly kinds: readonly LayerKind[];
  /** For each direction its tensors by the framework's name (`weight_ih`, `kernel`). */
  readonly directions: readonly ReadonlyMap<string, ForeignTensor>[];
}

/** The source of a parameter: the sum of some tensors, each sliced, transposed and reordered. */
export interface TensorSource {
  /** The framework's names of the tensors to add. */
  readonly from: readonly string[];
  /** The tensors are stored with their axes reversed: [out, in]. */
  readonly transpose?: true;
  /** One of several equal parts of the first axis. */
  readonly part?: { readonly index: number; readonly count: number };
  /** The first or last axis of the parameter is stored as two: heads, of the queries or of the keys, and head_size. */
  readonly heads?: { readonly axis: "first" | "last"; readonly of: "queries" | "keys" };
  /** Row of the first axis, of tensors with one more axis than the parameter. */
  readonly row?: number;
  /** The last axis contains the gates. */
  readonly gated?: true;
  /** The parameter is zero if the tensors are absent (biases). */
  readonly isOptional?: true;
}

export interface ConversionRule {
  /** Gate k of rnnx is the framework's gate `gates[k]`. */
  readonly gates: readonly number[];
  /** By parameter. A rule applies to cells with exactly these parameters, and to other layers with some of them. */
  readonly parameters: Readonly<Record<string, TensorSource>>;
}

/** The rule of a layer without gates. */
export function ungatedRule(parameters: ConversionRule["parameters"]): ConversionRule {
  return { gates: [0], parameters };
}

export interface Framework {
  readonly name: string;
  /** Rules for the variants of each cell. Other cells cannot be imported. */
  readonly cells: Readonly<Record<string, readonly ConversionRule[]>>;
  readonly layers: Readonly<Record<Exclude<LayerKind, "cell">, readonly ConversionRule[]>>;
}

export interface ForeignFile {
  readonly framework: Framework;
  readonly layers: readonly ForeignLayer[];
  /** Tensors outside of the known layers. */
  readonly otherTensors: readonly ForeignTensor[];
}
