/** Scan: a loop over the leading axis of sequences, from a function that builds one step. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";
import { bodyBuilder } from "./builder.js";

export interface StepResult {
  /** The next states, with the types of the states. */
  readonly next: readonly Value[];
  /** This step's entry of each scan output. */
  readonly scanOutputs: readonly Value[];
}

/** Builds one step from its states and the slices x_t. It may read values of the outer graph: a Scan captures them. */
export type BuildStep = (inner: Builder, states: readonly Value[], slices: readonly Value[]) => StepResult;

export interface LoopResult {
  /** The states after the last step. */
  readonly final: readonly Value[];
  /** [steps, ...entry]: one entry per step. */
  readonly scanOutputs: readonly Value[];
}

export interface LoopOperands {
  /** The initial states. */
  readonly initial: readonly Value[];
  /** Scanned inputs, [steps, ...slice]; at least one. */
  readonly scans: readonly Value[];
  /** Iterate from the last slice. Entry t of a scan output belongs to slice t either way. */
  readonly reverse?: boolean;
  /** Store only the states for the gradient, and compute the steps again. */
  readonly rematerialize?: boolean;
  /** The steps of a solved recurrence. */
  readonly solved?: boolean;
}

/** A Scan over the scanned inputs. */
export function scan(b: Builder, name: string, operands: LoopOperands, buildStep: BuildStep): LoopResult {
  const { initial, scans, reverse = false, rematerialize = false, solved = false } = operands;
  const length = lengthOf(name, operands);
  const inner = bodyBuilder(name);
  const states = initial.map((value, index) => inner.input(value.name ?? `state.${index}`, value.type));
  const slices = scans.map((value, index) =>
    inner.input(value.name ?? `slice.${index}`, { dtype: value.type.dtype, shape: value.type.shape.slice(1) }),
  );
  const { next, scanOutputs } = buildStep(inner, states, slices);
  const body = inner.finish([...next, ...scanOutputs]);
  const outputs = b.apply("Scan", [...initial, ...scans, ...inner.scanned, ...inner.captured], {
    body,
    stateCount: initial.length,
    scanCount: scans.length + inner.scanned.length,
    reverse,
    length,
    ...(rematerialize && { rematerialize }),
    ...(solved && { solved }),
  });
  return { final: outputs.slice(0, initial.length), scanOutputs: outputs.slice(initial.length) };
}

/** The number of steps. Throws without a scanned input. */
export function lengthOf(name: string, { scans: [first] }: LoopOperands): Dim {
  if (first === undefined) throw new Error(`${name} has no scanned input, from which a loop takes its length`);
  return at(first.type.shape, 0);
}
