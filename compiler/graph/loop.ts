/** Loops over the leading axis of sequences: a Scan, unrolled or checkpointed on request. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { checkpointedScan, MIN_CHECKPOINTED_STEPS } from "./gradient-checkpointing.js";
import { type BuildStep, type LoopOperands, type LoopResult, lengthOf, type StepResult, scan } from "./scan.js";

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
    ? checkpointedScan(b, name, operands, length, buildStep)
    : scan(b, name, operands, buildStep);
}
