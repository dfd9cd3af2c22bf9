/** Loops over the leading axis of sequences, from a function that builds one step. */
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import type { Dim, Value } from "../ir/types.js";
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
  /** Run the steps again in the gradient, and keep only the states. */
  readonly rerun?: boolean;
}

/** A Scan: outer values that the step uses are captured. */
export function scan(b: Builder, name: string, operands: LoopOperands, step: BuildStep): LoopResult {
  const { initial, scans, reverse = false, rerun = false } = operands;
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
    ...(rerun && { rerun }),
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

/**
 * The same steps in about as many chunks as each has steps. Each chunk is a step of a loop that is run again in the gradient, so
 * at any time only one chunk's values are kept, and the states between chunks. Steps that fill no chunk have a loop of their own.
 */
function chunked(b: Builder, name: string, operands: LoopOperands, length: number, step: BuildStep): LoopResult {
  const { reverse = false } = operands;
  const size = Math.ceil(Math.sqrt(length));
  const chunks = Math.floor(length / size);
  const part = (from: number, to: number) => operands.scans.map((value) => b.slice(value, 0, from, to));
  const whole = (initial: readonly Value[]): LoopResult => {
    const scans = part(0, chunks * size).map((value) => b.reshape(value, [chunks, size, ...value.type.shape.slice(1)]));
    const { final, stacked } = scan(
      b,
      `${name}/chunks`,
      { initial, scans, reverse, rerun: true },
      (inner, states, slices) => {
        const made = scan(inner, name, { initial: states, scans: slices, reverse }, step);
        return { next: made.final, stacked: made.stacked };
      },
    );
    const flat = stacked.map((value) => b.reshape(value, [chunks * size, ...value.type.shape.slice(2)]));
    return { final, stacked: flat };
  };
  const rest = (initial: readonly Value[]): LoopResult =>
    scan(b, name, { initial, scans: part(chunks * size, length), reverse }, step);
  if (chunks * size === length) return whole(operands.initial);
  const [first, second] = reverse ? [rest, whole] : [whole, rest];
  const begun = first(operands.initial);
  const ended = second(begun.final);
  const [early, late] = reverse ? [ended, begun] : [begun, ended];
  return {
    final: ended.final,
    stacked: early.stacked.map((value, index) => b.concat([value, at(late.stacked, index)], 0)),
  };
}

/** Fewer steps than these are not worth being cut into chunks. */
const FEWEST = 16;

/** A Scan; or where the number of steps is known and it is asked for, the steps laid out, or in chunks. */
export function loop(
  b: Builder,
  name: string,
  operands: LoopOperands & { readonly unroll: boolean; readonly chunked: boolean },
  step: BuildStep,
): LoopResult {
  const length = lengthOf(name, operands);
  if (typeof length !== "number") return scan(b, name, operands, step);
  if (operands.unroll) return unrolled(b, operands, length, step);
  return operands.chunked && length >= FEWEST
    ? chunked(b, name, operands, length, step)
    : scan(b, name, operands, step);
}
