/** Weights of another framework: what a file of them holds, and how its tensors become a model's. */
import type { Result } from "../result.js";

/** A tensor that is read when it is wanted: until then nothing is believed of its size. */
export interface ForeignTensor {
  /** Its full name in the file. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The numbers, row-major, or what is wrong with them as a message that follows the tensor's name. */
  read(): Result<Float32Array, string>;
}

export type LayerKind = "cell" | "embedding" | "dense";

/** Tensors that belong together: one cell in its one or two directions, one table, one dense layer. */
export interface ForeignLayer {
  /** As `--map` takes it: `lstm`, `encoder.rnn.l1`. */
  readonly name: string;
  /** The name of the layer that it is in, as its author gave it. */
  readonly layerName: string;
  /** What it may be: a kernel without a bias may be a table. */
  readonly kinds: readonly LayerKind[];
  /** For each direction its tensors, by the framework's word for them (`weight_ih`, `kernel`). */
  readonly directions: readonly ReadonlyMap<string, ForeignTensor>[];
}

/** How one of the model's parameters is made: the sum of some tensors, each taken apart and turned as it says. */
export interface TensorSource {
  /** The framework's words; the tensors are added. */
  readonly from: readonly string[];
  /** Kernels that are stored [out, in]. */
  readonly transpose?: true;
  /** Of a tensor with one more axis than the parameter: which row of its first. */
  readonly row?: number;
  /** Its last axis holds the gates. */
  readonly gated?: true;
  /** Zero where the tensors are not there: biases that were left out. */
  readonly isOptional?: true;
}

export interface ConversionRule {
  /** Where the gates of our columns stand among theirs: our gate k is their gate `gates[k]`. */
  readonly gates: readonly number[];
  /** By parameter. A recipe is for the cells that have exactly these parameters. */
  readonly parameters: Readonly<Record<string, TensorSource>>;
}

export interface Framework {
  readonly name: string;
  /** By cell: recipes for its variants. A cell that is not here is in no file of this framework. */
  readonly cells: Readonly<Record<string, readonly ConversionRule[]>>;
  readonly layers: Readonly<Record<Exclude<LayerKind, "cell">, ConversionRule>>;
}

export interface ForeignFile {
  readonly framework: Framework;
  readonly layers: readonly ForeignLayer[];
  /** Tensors that are no part of any layer that is known. */
  readonly otherTensors: readonly ForeignTensor[];
}
