/** What elaborating a layer, a loss or a metric may ask for and say. */
import type { Problem } from "../../schema/diagnostics.js";
import type { NormalCellDefinition, SizeName } from "../../schema/normal.js";
import type { Initializer } from "../artifact.js";
import type { Builder } from "../ir/builder.js";
import type { Dim, Shape, Value } from "../ir/types.js";
import type { Signature } from "../signature.js";

/**
 * What runs between layers. Inside the compiler sequences are time-major, [time, batch, …], because loops walk the leading
 * axis; inputs and outputs of the model are batch-major.
 */
export interface Wire {
  /** [time, batch, features], [batch, features]; token ids lack the last axis. */
  readonly value: Value;
  readonly sequence: boolean;
  /** Before a softmax or sigmoid that ends the layer: what losses read. */
  readonly logits: { readonly value: Value; readonly activation: "softmax" | "sigmoid" } | null;
  /** What stands past the lengths: zeros behind an rnn layer, before it each sequence's first step again. */
  readonly padding: "zeros" | "first step";
}

/**
 * Past its length each sequence holds its first step again. A loop runs over padding too, and what comes of it is masked;
 * but a cell that overflows there, or divides by zero, would make the gradient of its weights NaN, and no mask takes that back.
 */
export function repeatFirstStep(sequence: Value, { b, live }: Pick<Context, "b" | "live">): Value {
  if (live === null) return sequence;
  const alive = sequence.type.shape.length === 2 ? b.squeeze(live, [2]) : live;
  return b.where(alive, sequence, b.slice(sequence, 0, 0, 1));
}

/** A problem at a part of the normalized spec. */
export interface PartProblem extends Omit<Problem, "path"> {
  readonly part: object;
  readonly key?: string;
}

export interface Context {
  readonly b: Builder;
  readonly signature: Signature;
  readonly cells: Readonly<Record<string, NormalCellDefinition>>;
  /** Which steps are within each sequence's length, [time, batch, 1] bool; null where there are no lengths. */
  readonly live: Value | null;
  /** Reports a user's mistake. The layer then gives no wire, and what reads it is passed over. */
  problem(problem: PartProblem): undefined;
  /** Where a part of the spec was written, as a JSON pointer. */
  pathOf(part: object, key?: string): string;
  /** Reports a problem that already has its path. */
  report(problem: Problem): void;
  /** A trainable tensor under its public name. Asking again for a name gives the same tensor. */
  parameter(name: string, shape: Shape, initializer: (shape: readonly number[]) => Initializer): Value;
  /** A size by its name: "vocabulary", "classes", "features" are what the data says. */
  size(size: SizeName, part: object, key: string): Dim | undefined;
  /** The first value of a state: fed by the data where it is, else zeros. */
  initialState(name: string, shape: Shape): Value;
  /** Makes a state's last value one of the model's outputs. */
  finalState(name: string, value: Value): void;
}

/** A layer kind: how it becomes nodes. Undefined when something was wrong, which has been reported. */
export interface LayerDefinition<L> {
  elaborate(layer: L, input: Wire, context: Context): Wire | undefined;
}

export function isIds({ value }: Wire): boolean {
  return value.type.dtype !== "float32";
}

/** The size of the last axis. */
export function width({ value }: Wire): Dim {
  return value.type.shape.at(-1) ?? 1;
}

/** How a wire looks to the user: batch first. */
export function describeWire({ value, sequence }: Wire): string {
  const [first, second, ...rest] = value.type.shape;
  const shape = sequence ? [second, first, ...rest] : value.type.shape;
  return `${value.type.dtype === "float32" ? "numbers" : "token ids"} [${shape.join(", ")}]`;
}
