/** Gradient checkpointing: a loop in segments, of which the gradient stores the first states and computes the steps again. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { type BuildStep, type LoopOperands, type LoopResult, scan } from "./scan.js";

/** Shorter loops are not worth checkpointing. */
export const MIN_CHECKPOINTED_STEPS = 16;

/**
 * Gradient checkpointing (T. Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016): `length` steps as
 * ⌊length / s⌋ segments of s = ⌈√length⌉ steps, and a loop for the remainder. The outer loop stores the states between
 * segments, and the gradient computes each segment again: memory is O(√length), at the cost of one more forward pass.
 *
 * @param segmentLength s, by default ⌈√length⌉.
 */
export function checkpointedScan(
  b: Builder,
  name: string,
  operands: LoopOperands,
  length: number,
  buildStep: BuildStep,
  segmentLength = Math.ceil(Math.sqrt(length)),
): LoopResult {
  const { reverse = false, solved = false } = operands;
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
        const result = scan(inner, name, { initial: states, scans: slices, reverse, solved }, buildStep);
        return { next: result.final, scanOutputs: result.scanOutputs };
      },
    );
    const flattened = scanOutputs.map((value) =>
      b.reshape(value, [segmentCount * segmentLength, ...value.type.shape.slice(2)]),
    );
    return { final, scanOutputs: flattened };
  };
  const runRemainder = (initial: readonly Value[]): LoopResult =>
    scan(b, name, { initial, scans: sliceScans(segmentCount * segmentLength, length), reverse, solved }, buildStep);
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
