/** The context of elaboration, and the definitions of layers that are elaborated in it. */
import type { Problem } from "../../schema/diagnostics/index.js";
import type {
  NormalCellDefinition,
  NormalLayer,
  NormalLayerDefinition,
  NormalTrain,
  Size,
} from "../../schema/normal/index.js";
import type { Initializer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import type { Dim, Shape, Value } from "../ir/types.js";
import type { FunctionTable } from "../language/functions/function.js";
import type { Wire } from "./wire.js";

/**
 * The purpose of a graph. `training` and `evaluation` carry the states of stateful layers from batch to batch, the
 * other two do not; `stream` has every state as input and output, to process a sequence in pieces. Only `training` is
 * random.
 */
export type Mode = "training" | "evaluation" | "inference" | "stream";

/** The implementation of one direction of a cell. */
export interface CellForm {
  /** The prefix of its states' names: `rnn/0`. */
  readonly name: string;
  /** An ONNX operator, a loop, or an unrolled loop. */
  readonly form: "RNN" | "GRU" | "LSTM" | "Scan" | "unrolled";
  /** The reason for a loop; empty for an ONNX operator. */
  readonly reason: string;
}

/** The implementation of recurrences. */
export interface RecurrenceStrategy {
  /** Uses ONNX's recurrent operators for cells that are equivalent to one. */
  readonly operators: boolean;
  /** Unrolls loops whose number of time steps is known. */
  readonly unroll: boolean;
  /** Gradient checkpointing (T. Chen et al., 2016) where the number of time steps is known: less memory, more work. */
  readonly checkpointed: boolean;
  /** Called with the implementation of each direction of each cell. */
  readonly onCell: (cell: CellForm) => void;
}

/** The number of steps that growing states hold: those of a stream so far. */
export const GROWING_STEPS = "past";

/** The strategy of training: loops, which have a gradient. */
export const defaultStrategy: RecurrenceStrategy = {
  operators: false,
  unroll: false,
  checkpointed: false,
  onCell: () => {},
};

export interface ElaborationOptions {
  /** True where the rows are those of one micro-batch, or of one process of several. */
  readonly partialBatch: boolean;
  readonly recurrences: RecurrenceStrategy;
  /** The width of integers in the arithmetic of random numbers. */
  readonly integerBits: 32 | 64;
  /** The number of steps that the states of attention hold in a stream; they grow by default. */
  readonly cacheSteps: Dim;
  /** The number of steps of a block, in which these states do not change: its own steps are other states. Null: they change in every step. */
  readonly blockSteps: Dim | null;
}

/** A problem at an object of the normalized spec. */
export interface PartProblem extends Omit<Problem, "path"> {
  readonly part: object;
  readonly key?: string;
}

/** The final states of one cell of an rnn layer by name, with both directions merged. */
export type CellStates = Readonly<Record<string, Value>>;

/** The position of the rows in the whole batch, int64 scalars; the input is opened on first use. */
export interface Shard {
  /** The index of the first row. */
  firstRow(): Value;
  /** The number of rows of the whole batch. */
  batchSize(): Value;
}

/** `input` @ `kernel` + `bias`: the affine map of a dense layer. */
export interface Affine {
  readonly input: Value;
  /** The output axis of the kernel: 1 in [in, out], 0 in an embedding table [out, in], which is transposed. */
  readonly kernel: { readonly value: Value; readonly outputAxis: 0 | 1 };
  readonly bias: Value | null;
}

export interface Context {
  readonly b: Builder;
  readonly mode: Mode;
  readonly recurrences: RecurrenceStrategy;
  /** The width of integers in the arithmetic of random numbers; the numbers are the same. */
  readonly integerBits: 32 | 64;
  readonly cacheSteps: Dim;
  readonly blockSteps: Dim | null;
  /** The seed of all random numbers of the model. */
  readonly seed: number;
  /** The functions of equations and the activations of layers, with those of the spec. */
  readonly functions: FunctionTable;
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  readonly layers: Readonly<Record<string, NormalLayerDefinition>>;
  /** Names of the cells without a problem that holds for all sizes. The problems of the others are reported. */
  readonly soundCells: ReadonlySet<string>;
  readonly soundLayers: ReadonlySet<string>;
  /** Reports a problem. The layer then has no wire, and layers that read it are skipped. */
  problem(problem: PartProblem): undefined;
  /** The JSON pointer of an object of the spec. */
  pathOf(part: object, key?: string): string;
  /** Reports a problem with its path. */
  report(problem: Problem): void;
  /** Adds a notice for the user, once. */
  notice(text: string): void;
  /** The parameter of a public name, opened on first use; its initializer is null where it depends on the data. */
  parameter(name: string, shape: Shape, initializer: (shape: readonly number[]) => Initializer | null): Value;
  /**
   * A buffer of a public name, opened on first use: running statistics. It is constant unless `setNextBuffer` is called,
   * in training, for a layer that is trained.
   */
  buffer(name: string, shape: Shape, initializer: (shape: readonly number[]) => Initializer): Value;
  /** Sets the value of a buffer after this training step. */
  setNextBuffer(name: string, value: Value): void;
  /** True for a graph of training where the layer is trained. */
  isTraining(layer: NormalLayer): boolean;
  /** A size: a number, or a name that the data defines ("vocabulary", "classes", "features"). */
  size(size: Size, part: object, key: string): Dim | undefined;
  /** The number of steps of a time axis, where all batches of training have it; undefined where it varies. */
  stepsOf(time: Dim): number | undefined;
  /** True for a value that depends on trained parameters. */
  isTrainedValue(value: Value): boolean;
  /** Number of updates so far, int64 scalar; training only. */
  step(): Value;
  /** The position of the rows in the whole batch; null where they are all of it. Training only. */
  readonly shard: Shard | null;
  /** A state that is an input under its public name; undefined where the graph initializes it. */
  inputState(name: string, shape: Shape, stateful: boolean): Value | undefined;
  /** Adds the final value of a state to the graph's outputs. */
  outputState(name: string, value: Value): void;
  /** The lengths [batch] that a mask was computed from. */
  lengthsOf(mask: Value): Value;
  /** Records the lengths that a mask was computed from. */
  recordMask(mask: Value, lengths: Value): void;
  /** Records the affine map of a value, for losses that need only some of its columns. */
  recordAffine(value: Value, affine: Affine): void;
  affineBehind(value: Value): Affine | undefined;
  /** A layer before this one, by name, with its output. */
  earlierLayer(name: string): { readonly layer: NormalLayer; readonly wire: Wire } | undefined;
  /** Final states of an earlier rnn layer, per cell. */
  statesOf(layer: string): readonly CellStates[] | undefined;
  recordStates(layer: string, states: readonly CellStates[]): void;
  /** Records the weights of an attention layer, before dropout: [batch, heads, steps, memory steps], or without heads. */
  recordAttention(layer: string, weights: Value): void;
}

/** A kind of layer with one input, or with more by its definition. */
export interface LayerDefinition<L> {
  /** The largest number of inputs; by default 1. */
  maxInputs?(layer: L, context: Context): number;
  /**
   * The output of the layer; undefined after a reported problem, or where sizes that must agree depend on the data.
   *
   * @param others the inputs after the first.
   */
  elaborate(layer: L, input: Wire, context: Context, others: readonly Wire[]): Wire | undefined;
  /** Reports problems of a trained layer with the training, after all layers are built. */
  checkTraining?(layer: L, train: NormalTrain, context: Context): void;
}

/** A kind of layer with several inputs. */
export interface CombiningDefinition<L> {
  /** The largest number of inputs; the smallest is 2. */
  readonly maxInputs: number;
  combine(layer: L, inputs: readonly Wire[], context: Context): Wire | undefined;
}
