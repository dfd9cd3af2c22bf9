/** Loops over the leading axis of sequences, from a function that builds one step. */
import type { Builder } from "../ir/builder.js";
import type { Dim, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { bodyBuilder } from "./build.js";

export interface Step {
  readonly next: readonly Value[];
  readonly stacked: readonly Value[];
}

/** Builds one step from its states and the slices of this step. Values of the graph around may be used as they are. */
export type BuildStep = (inner: Builder, states: readonly Value[], slices: readonly Value[]) => Step;

export interface LoopResult {
  /** The states after the last step. */
  readonly final: readonly Value[];
  /** One entry per step along a new leading axis. */
  readonly stacked: readonly Value[];
}

export interface LoopOperands {
  readonly initial: readonly Value[];
  readonly scans: readonly Value[];
  /** Walk from the end; stacked outputs keep the place of their slices. */
  readonly reverse?: boolean;
}

/** A Scan: outer values that the step uses are captured. */
export function scan(b: Builder, name: string, operands: LoopOperands, step: BuildStep): LoopResult {
  const { initial, scans, reverse = false } = operands;
  const length = lengthOf(name, operands);
  const inner = bodyBuilder(name);
  const states = initial.map((value, index) => inner.input(value.name ?? `state.${index}`, value.type));
  const slices = scans.map((value, index) =>
    inner.input(value.name ?? `slice.${index}`, { dtype: value.type.dtype, shape: value.type.shape.slice(1) }),
  );
  const { next, stacked } = step(inner, states, slices);
  const body = inner.finish([...next, ...stacked]);
  const outputs = b.apply("Scan", [...initial, ...scans, ...inner.scanned, ...inner.captured], {
    body,
    states: initial.length,
    scans: scans.length + inner.scanned.length,
    reverse,
    length,
  });
  return { final: outputs.slice(0, initial.length), stacked: outputs.slice(initial.length) };
}

function lengthOf(name: string, { scans: [first] }: LoopOperands): Dim {
  if (first === undefined) throw new Error(`${name} scans nothing: a loop has as many steps as what it scans`);
  return at(first.type.shape, 0);
}

/** The same steps one after another, without a loop. Their number must be known. */
function unrolled(b: Builder, operands: LoopOperands, length: number, step: BuildStep): LoopResult {
  const order = Array.from({ length }, (_, index) => (operands.reverse ? length - 1 - index : index));
  const stacked: Value[][] = [];
  let carried = operands.initial;
  for (const time of order) {
    const slices = operands.scans.map((value) => b.squeeze(b.slice(value, 0, time, time + 1), [0]));
    const made = step(b, carried, slices);
    carried = made.next;
    made.stacked.forEach((value, index) => {
      stacked[index] ??= [];
      at(stacked, index)[time] = b.unsqueeze(value, [0]);
    });
  }
  return { final: carried, stacked: stacked.map((parts) => b.concat(parts, 0)) };
}

/** A Scan, or where `unroll` asks for it and the number of steps is known, the steps laid out. */
export function loop(
  b: Builder,
  name: string,
  operands: LoopOperands & { readonly unroll: boolean },
  step: BuildStep,
): LoopResult {
  const length = lengthOf(name, operands);
  if (!operands.unroll || typeof length !== "number") return scan(b, name, operands, step);
  return unrolled(b, operands, length, step);
}
