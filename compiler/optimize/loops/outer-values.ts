/** Values of a loop's body outside the loop: invariant over the time steps, or stacked along a leading time axis. */
import type { OuterSource } from "../../graph/builder.js";
import { scanOperands } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Dim, Node, Value } from "../../ir/types.js";
import { batchNode, type Loop } from "./rewrite-loop.js";

export interface OuterValue {
  readonly value: Value;
  /** True when `value` has a leading time axis, of which the body reads one slice per step. */
  readonly perStep: boolean;
}

/** The outer values of a body's slices and captures. */
export function outerOperands(loop: Loop, operands: readonly Value[]): Map<Value, OuterValue> {
  const { inner } = scanOperands(loop);
  const { outer } = scanOperands({ inputs: operands, attributes: loop.attributes });
  return new Map<Value, OuterValue>([
    ...inner.scans.map((slice, index) => [slice, { value: at(outer.scans, index), perStep: true }] as const),
    ...inner.captures.map((capture, index) => [capture, { value: at(outer.captures, index), perStep: false }] as const),
  ]);
}

export function outerSource({ value, perStep }: OuterValue): OuterSource {
  return perStep ? { slice: value } : { capture: value };
}

/** The outputs of a node outside the loop: computed once, or for all time steps at once. */
export function applyOutside(
  b: Builder,
  node: Node,
  inputs: readonly OuterValue[],
  length: Dim,
  batch: typeof batchNode = batchNode,
): readonly OuterValue[] {
  const values = inputs.map(({ value }) => value);
  const batched = inputs.map(({ perStep }) => perStep);
  const perStep = batched.some(Boolean);
  const outputs = perStep ? batch(b, node, values, batched, length) : b.copy(node, values);
  return outputs.map((value) => ({ value, perStep }));
}

/** The value with a time axis: an invariant one is repeated. */
export function overTime(b: Builder, { value, perStep }: OuterValue, length: Dim): Value {
  return perStep ? value : b.expand(b.unsqueeze(value, [0]), [length, ...value.type.shape]);
}
