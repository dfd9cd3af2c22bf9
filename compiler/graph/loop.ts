/** Loops over the leading axis of sequences, from a function that builds one step. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Dim, Value } from "../ir/types.js";
import { bodyBuilder } from "./builder.js";

export interface StepResult {
  readonly next: readonly Value[];
  readonly scanOutputs: readonly Value[];
}

/** Builds one step from its states and the slices of this step. Values of the graph around may be used as they are. */
export type BuildStep = (inner: Builder, states: readonly Value[], slices: readonly Value[]) => StepResult;

export interface LoopResult {
  /** The states after the last step. */
  readonly final: readonly Value[];
  /** One entry per step along a new leading axis. */
  readonly scanOutputs: readonly Value[];
}

export interface LoopOperands {
  readonly initial: readonly Value[];
  readonly scans: readonly Value[];
  /** Walk from the end; stacked outputs keep the place of their slices. */
  readonly reverse?: boolean;
  /** Run the steps again in the gradient, and keep only the states. */
  readonly rematerialize?: boolean;
}

/** A Scan: outer values that the step uses are captured. */
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
  if (first === undefined) throw new Error(`${name} scans nothing: a loop has as many steps as what it scans`);
  return at(first.type.shape, 0);
}

/** The same steps one after another, without a loop. Their number must be known. */
function unrolled(b: Builder, operands: LoopOperands, length: number, buildStep: BuildStep): LoopResult {
  const order = Array.from({ length }, (_, index) => (operands.reverse ? length - 1 - index : index));
  const scanOutputs: Value[][] = [];
  let states = operands.initial;
  for (const time of order) {
    const slices = operands.scans.map((value) => b.squeeze(b.slice(value, 0, time, time + 1), [0]));
    const result = buildStep(b, states, slices);
    states = result.next;
    result.scanOutputs.forEach((value, index) => {
      scanOutputs[index] ??= [];
      at(scanOutputs, index)[time] = b.unsqueeze(value, [0]);
    });
  }
  return { final: states, scanOutputs: scanOutputs.map((entries) => b.concat(entries, 0)) };
}

/**
 * The same steps in about as many chunks as each has steps. Each chunk is a step of a loop that is run again in the gradient, so
 * at any time only one chunk's values are kept, and the states between chunks. Steps that fill no chunk have a loop of their own.
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
      `${name}/chunks`,
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

/** Fewer steps than these are not worth being cut into chunks. */
const MIN_CHECKPOINTED_STEPS = 16;

/** A Scan; or where the number of steps is known and it is asked for, the steps laid out, or in chunks. */
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
