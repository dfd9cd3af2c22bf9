/** Loops over the leading axis of sequences, from a function that builds one step: Scan, unrolled or checkpointed. */
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
}

/** A Scan over the scanned inputs. */
export function scan(b: Builder, name: string, operands: LoopOperands, buildStep: BuildStep): LoopResult {
  const { initial, scans, reverse = false, rematerialize = false } = operands;
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
  });
  return { final: outputs.slice(0, initial.length), scanOutputs: outputs.slice(initial.length) };
}

function lengthOf(name: string, { scans: [first] }: LoopOperands): Dim {
  if (first === undefined) throw new Error(`${name} has no scanned input, from which a loop takes its length`);
  return at(first.type.shape, 0);
}

/**
 * Applies the steps one after another, from the last time step in a reverse loop.
 *
 * @returns the final states, and the values of each scan output by time step.
 */
export function unrollSteps(
  { length, reverse }: { readonly length: number; readonly reverse: boolean },
  initial: readonly Value[],
  step: (states: readonly Value[], time: number) => StepResult,
): { readonly final: readonly Value[]; readonly scanOutputs: readonly (readonly Value[])[] } {
  const scanOutputs: Value[][] = [];
  let states = initial;
  for (let iteration = 0; iteration < length; iteration++) {
    const time = reverse ? length - 1 - iteration : iteration;
    const result = step(states, time);
    states = result.next;
    result.scanOutputs.forEach((value, index) => {
      scanOutputs[index] ??= [];
      at(scanOutputs, index)[time] = value;
    });
  }
  return { final: states, scanOutputs };
}

/** The steps one after another, without a loop. */
function unrolled(b: Builder, operands: LoopOperands, length: number, buildStep: BuildStep): LoopResult {
  const { initial, scans, reverse = false } = operands;
  const { final, scanOutputs } = unrollSteps({ length, reverse }, initial, (states, time) => {
    const slices = scans.map((value) => b.squeeze(b.slice(value, 0, time, time + 1), [0]));
    const result = buildStep(b, states, slices);
    return { next: result.next, scanOutputs: result.scanOutputs.map((value) => b.unsqueeze(value, [0])) };
  });
  return { final, scanOutputs: scanOutputs.map((entries) => b.concat(entries, 0)) };
}

/**
 * Gradient checkpointing (T. Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016): `length` steps as
 * ⌊length / s⌋ segments of s = ⌈√length⌉ steps, and a loop for the remainder. The outer loop stores the states between
 * segments, and the gradient computes each segment again: memory is O(√length), at the cost of one more forward pass.
 */
function checkpointed(
  b: Builder,
  name: string,
  operands: LoopOperands,
  length: number,
  buildStep: BuildStep,
): LoopResult {
  const { reverse = false } = operands;
  const segmentLength = Math.ceil(Math.sqrt(length));
  const segmentCount = Math.floor(length / segmentLength);
  const sliceScans = (from: number, to: number) => operands.scans.map((value) => b.slice(value, 0, from, to));
  const runSegments = (initial: readonly Value[]): LoopResult => {
    const scans = sliceScans(0, segmentCount * segmentLength).map((value) =>
      b.reshape(value, [segmentCount, segmentLength, ...value.type.shape.slice(1)]),
    );
    const { final, scanOutputs } = scan(
      b,
      `${name}/segments`,
      { initial, scans, reverse, rematerialize: true },
      (inner, states, slices) => {
        const result = scan(inner, name, { initial: states, scans: slices, reverse }, buildStep);
        return { next: result.final, scanOutputs: result.scanOutputs };
      },
    );
    const flattened = scanOutputs.map((value) =>
      b.reshape(value, [segmentCount * segmentLength, ...value.type.shape.slice(2)]),
    );
    return { final, scanOutputs: flattened };
  };
  const runRemainder = (initial: readonly Value[]): LoopResult =>
    scan(b, name, { initial, scans: sliceScans(segmentCount * segmentLength, length), reverse }, buildStep);
  if (segmentCount * segmentLength === length) return runSegments(operands.initial);
  const [first, second] = reverse ? [runRemainder, runSegments] : [runSegments, runRemainder];
  const firstResult = first(operands.initial);
  const secondResult = second(firstResult.final);
  const [early, late] = reverse ? [secondResult, firstResult] : [firstResult, secondResult];
  return {
    final: secondResult.final,
    scanOutputs: early.scanOutputs.map((value, index) => b.concat([value, at(late.scanOutputs, index)], 0)),
  };
}

/** Shorter loops are not worth checkpointing. */
const MIN_CHECKPOINTED_STEPS = 16;

/** A Scan. Where the number of steps is static, unrolled or checkpointed on request. */
export function loop(
  b: Builder,
  name: string,
  operands: LoopOperands & { readonly unroll: boolean; readonly checkpointed: boolean },
  buildStep: BuildStep,
): LoopResult {
  const length = lengthOf(name, operands);
  if (typeof length !== "number") return scan(b, name, operands, buildStep);
  if (operands.unroll) return unrolled(b, operands, length, buildStep);
  return operands.checkpointed && length >= MIN_CHECKPOINTED_STEPS
    ? checkpointed(b, name, operands, length, buildStep)
    : scan(b, name, operands, buildStep);
}
