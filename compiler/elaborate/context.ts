/** What elaborating a layer, a loss or a metric may ask for and say. */
import type { Problem } from "../../schema/diagnostics/index.js";
import { joinWithOr } from "../../schema/diagnostics/suggest.js";
import type { NormalCellDefinition, NormalLayer, Size } from "../../schema/normal/index.js";
import type { Initializer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import type { Dim, Shape, Value } from "../ir/types.js";
import type { Wire } from "./wire.js";

/**
 * What a graph is for. `training` and `evaluation` carry the states of stateful layers from batch to batch, the other two do
 * not; `stream` takes and gives every state, so that a sequence can be run piece by piece. Only `training` is random.
 */
export type Mode = "training" | "evaluation" | "inference" | "stream";

/** What became of one direction of a cell. */
export interface CellForm {
  /** What its states' names begin with: `rnn/0`. */
  readonly name: string;
  /** The operator of ONNX, a loop, or steps laid out one after another. */
  readonly form: "RNN" | "GRU" | "LSTM" | "Scan" | "unrolled";
  /** Why it is no operator; empty where it is one. */
  readonly reason: string;
}

/** How cells are run. */
export interface RecurrenceStrategy {
  /** By the recurrent operators of ONNX, where a cell is one. */
  readonly operators: boolean;
  /** With the steps laid out, where there is no operator and the number of steps is known. */
  readonly unroll: boolean;
  /** In chunks that are run again in the gradient, where the number of steps is known: less memory, more work. */
  readonly checkpointed: boolean;
  /** Hears what became of each. */
  readonly onCell: (cell: CellForm) => void;
}

/** As training runs them. */
export const defaultStrategy: RecurrenceStrategy = {
  operators: false,
  unroll: false,
  checkpointed: false,
  onCell: () => {},
};

/** Ways in which a program may be elaborated. */
export interface ElaborationOptions {
  /** Whether the rows are a part of a batch that several processes share. */
  readonly dataParallel: boolean;
  readonly recurrences: RecurrenceStrategy;
  /** How wide whole numbers may grow in the arithmetic of what is random. */
  readonly integerBits: 32 | 64;
}

/** A problem at a part of the normalized spec. */
export interface PartProblem extends Omit<Problem, "path"> {
  readonly part: object;
  readonly key?: string;
}

/** The last states of one cell of an rnn layer, by the states' names; both directions of a state are joined. */
export type CellStates = Readonly<Record<string, Value>>;

/** Rows of a batch as int64 scalars, made where they are asked for. */
export interface Shard {
  /** The number of the first row that is fed. */
  firstRow(): Value;
  /** How many rows the whole batch has. */
  batchSize(): Value;
}

/** `input` @ `kernel` + `bias`: the product that a dense layer makes. */
export interface Affine {
  readonly input: Value;
  /** The axis of the kernel that its outputs are on: 1 in [in, out], 0 in a table [out, in] that is turned around. */
  readonly kernel: { readonly value: Value; readonly outputAxis: 0 | 1 };
  readonly bias: Value | null;
}

export interface Context {
  readonly b: Builder;
  readonly mode: Mode;
  readonly recurrences: RecurrenceStrategy;
  /** How wide whole numbers may grow; what is drawn is the same. */
  readonly integerBits: 32 | 64;
  /** Of everything random in the model. */
  readonly seed: number;
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  /** Names of the cells without a problem that holds for all sizes. The problems of the others are reported. */
  readonly soundCells: ReadonlySet<string>;
  /** Reports a user's mistake. The layer then gives no wire, and what reads it is passed over. */
  problem(problem: PartProblem): undefined;
  /** Where a part of the spec was written, as a JSON pointer. */
  pathOf(part: object, key?: string): string;
  /** Reports a problem that already has its path. */
  report(problem: Problem): void;
  /** A tensor of weights under its public name. Asking again for a name gives the same tensor. */
  parameter(name: string, shape: Shape, initializer: (shape: readonly number[]) => Initializer): Value;
  /** A size by its name: "vocabulary", "classes", "features" are what the data says. */
  size(size: Size, part: object, key: string): Dim | undefined;
  /** Updates made so far, int64 scalar; training only. */
  step(): Value;
  /** The rows' place in a batch that several processes share; null where the rows are the batch. Training only. */
  readonly shard: Shard | null;
  /** A state that is fed under its public name, or undefined where this graph starts it itself. */
  inputState(name: string, shape: Shape, stateful: boolean): Value | undefined;
  /** Makes a state's last value one of the graph's outputs. */
  outputState(name: string, value: Value): void;
  /** The live steps [batch] behind a mask of them. */
  lengthsOf(mask: Value): Value;
  /** Takes note of the product that made a value, for losses that need only some of its columns. */
  recordAffine(value: Value, affine: Affine): void;
  affineBehind(value: Value): Affine | undefined;
  /** A layer that stands before this one, by name, with its output. */
  earlierLayer(name: string): { readonly layer: NormalLayer; readonly wire: Wire } | undefined;
  /** Last states of an earlier rnn layer, cell by cell. */
  statesOf(layer: string): readonly CellStates[] | undefined;
  recordStates(layer: string, states: readonly CellStates[]): void;
}

/**
 * A layer kind that reads one layer: how it becomes nodes. Undefined when something was wrong, which has been reported, or
 * when sizes would have to meet that only the data knows.
 */
export interface LayerDefinition<L> {
  elaborate(layer: L, input: Wire, context: Context): Wire | undefined;
}

/** Whether the layer whose weights another uses, if any, stands before it and has such; reported where not. */
export function checkSharedWeights(
  layer: Extract<NormalLayer, { weights: string | null }>,
  kinds: readonly NormalLayer["layer"][],
  { earlierLayer, problem }: Pick<Context, "earlierLayer" | "problem">,
): boolean {
  const owner = layer.weights === null ? undefined : earlierLayer(layer.weights);
  if (layer.weights === null || (owner !== undefined && kinds.includes(owner.layer.layer))) return true;
  problem({
    part: layer,
    key: "weights",
    code: "shared-weights",
    message: `No ${joinWithOr(kinds)} layer named "${layer.weights}" stands before ${layer.name}.`,
    hint: "Name the earlier layer whose weights this one uses.",
  });
  return false;
}

/** A layer kind that reads several. */
export interface CombiningDefinition<L> {
  /** How many layers it reads at most; two at least, as the schema says. */
  readonly maxInputs: number;
  combine(layer: L, inputs: readonly Wire[], context: Context): Wire | undefined;
}
