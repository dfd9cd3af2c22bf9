/** Building a Scan from a function that builds one of its steps. */
import type { Builder } from "../ir/builder.js";
import type { Dim, Value } from "../ir/types.js";
import { at } from "../ops/rule.js";
import { type BodyBuilder, bodyBuilder } from "./build.js";

export interface Step {
  readonly next: readonly Value[];
  readonly stacked: readonly Value[];
}

export interface ScanResult {
  /** The states after the last step. */
  readonly final: readonly Value[];
  /** One entry per step along a new leading axis. */
  readonly stacked: readonly Value[];
}

/** `step` builds the body; outer values that it uses are captured. Loops over the leading axis of `scans`. */
export function scan(
  b: Builder,
  name: string,
  operands: { readonly initial: readonly Value[]; readonly scans: readonly Value[]; readonly reverse?: boolean },
  step: (inner: BodyBuilder, states: readonly Value[], slices: readonly Value[]) => Step,
): ScanResult {
  const { initial, scans, reverse = false } = operands;
  const [first] = scans;
  if (first === undefined) throw new Error(`${name} scans nothing: a loop has as many steps as what it scans`);
  const inner = bodyBuilder(name);
  const states = initial.map((value, index) => inner.input(value.name ?? `state.${index}`, value.type));
  const slices = scans.map((value, index) =>
    inner.input(value.name ?? `slice.${index}`, { dtype: value.type.dtype, shape: value.type.shape.slice(1) }),
  );
  const { next, stacked } = step(inner, states, slices);
  const body = inner.finish([...next, ...stacked]);
  const length: Dim = at(first.type.shape, 0);
  const attributes = { body, states: initial.length, scans: scans.length + inner.scanned.length, reverse, length };
  const outputs = b.apply("Scan", [...initial, ...scans, ...inner.scanned, ...inner.captured], attributes);
  return { final: outputs.slice(0, initial.length), stacked: outputs.slice(initial.length) };
}
