/** Operators with nested graphs. */
import { bodyBuilder } from "../../graph/builder.js";
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import type { GraphProto } from "../../onnx/read/program.js";
import type { Lowering } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { computed, known, type Operand, type Present } from "../operand.js";
import { refuse } from "../refusal.js";
import { axesOf, rankOf } from "./values.js";

/** Iterations of a Loop that are unrolled. */
const MAX_UNROLLED = 64;

const bodyOf = (node: ModelNode, name: string): GraphProto =>
  node.attribute(name)?.graph ?? refuse(`has no graph ${name}`);

/** The branch that a known condition chooses. */
function branch(node: ModelNode, b: Builder): readonly Operand[] {
  const condition = at(node.numbers(0, "its condition").data, 0);
  return node.body(bodyOf(node, condition === 0 ? "else_branch" : "then_branch"), b, []);
}

/** A Loop of a known number of steps and a condition that stays true, unrolled. */
function unrolledLoop(node: ModelNode, b: Builder): readonly Operand[] {
  const body = bodyOf(node, "body");
  if (!node.has(0)) return refuse("has no known number of steps");
  const count = at(node.integers(0, "its number of steps"), 0);
  if (count > MAX_UNROLLED) return refuse(`has ${count} steps, and at most ${MAX_UNROLLED} are unrolled`);
  const stateCount = node.inputCount - 2;
  let states: readonly Operand[] = Array.from({ length: stateCount }, (_, index) => node.operand(index + 2));
  if (node.has(1) && at(node.numbers(1, "its condition").data, 0) === 0) return states;
  const collected: Value[][] = [];
  for (let step = 0; step < count; step++) {
    const results = node.body(body, b, [known("int64", [], [step]), known("bool", [], [1]), ...states]);
    const [condition, ...rest] = results;
    if (condition?.kind !== "known" || condition.entries[0] !== 1) return refuse("ends by a condition of the data");
    states = rest.slice(0, stateCount);
    rest.slice(stateCount).forEach((result, index) => {
      const entry = b.unsqueeze(node.valueOf(tensorIn(result)), [0]);
      collected[index] = [...(collected[index] ?? []), entry];
    });
  }
  return [
    ...states,
    ...collected.map((entries) => computed(entries.length === 1 ? at(entries, 0) : b.concat(entries, 0))),
  ];
}

/** A result of a body that is a tensor. */
function tensorIn(operand: Operand): Present {
  if (operand.kind === "missing") return refuse("has a body with refused nodes");
  return operand.kind === "list" ? refuse("has a body with a sequence of tensors as its result") : operand;
}

/** Scan over leading axes: the primitive of the same name. */
function scanLoop(node: ModelNode, b: Builder): readonly Value[] {
  const body = bodyOf(node, "body");
  const scanCount = node.int("num_scan_inputs") ?? 1;
  const stateCount = node.inputCount - scanCount;
  const directions = [...(node.ints("scan_input_directions") ?? []), ...(node.ints("scan_output_directions") ?? [])];
  if (new Set([...directions]).size > 1) return refuse("scans in both directions");
  const isReverse = directions[0] === 1;
  const outputDirections = node.ints("scan_output_directions") ?? [];
  if (isReverse && outputDirections[0] !== 1) return refuse("scans in both directions");
  const inputAxes = node.ints("scan_input_axes") ?? [];
  const outputAxes = node.ints("scan_output_axes") ?? [];
  const initial = Array.from({ length: stateCount }, (_, index) => node.x(index));
  const scans = Array.from({ length: scanCount }, (_, index) => {
    const x = node.x(stateCount + index);
    const axis = node.axis(inputAxes[index] ?? 0, rankOf(x));
    return axis === 0 ? x : b.transpose(x, [axis, ...axesOf(rankOf(x)).filter((other) => other !== axis)]);
  });
  const inner = bodyBuilder("scan");
  const open = (value: Value, shape: Value["type"]["shape"], name: string) =>
    inner.input(name, { dtype: value.type.dtype, shape });
  const states = initial.map((value, index) => open(value, value.type.shape, `state.${index}`));
  const slices = scans.map((value, index) => open(value, value.type.shape.slice(1), `slice.${index}`));
  const results = node
    .body(body, inner, [...states, ...slices].map(computed))
    .map((operand) => node.valueIn(inner, tensorIn(operand)));
  const outputs = b.apply("Scan", [...initial, ...scans, ...inner.scanned, ...inner.captured], {
    body: inner.finish(results),
    stateCount,
    scanCount: scans.length + inner.scanned.length,
    reverse: isReverse,
    length: at(at(scans, 0).type.shape, 0),
  });
  return outputs.map((output, index) => {
    const axis = index < stateCount ? 0 : node.axis(outputAxes[index - stateCount] ?? 0, rankOf(output));
    if (axis === 0) return output;
    const others = axesOf(rankOf(output)).slice(1);
    return b.transpose(output, [...others.slice(0, axis), 0, ...others.slice(axis)]);
  });
}

export const controlOperators: readonly Lowering[] = [
  { operator: "If", lower: branch },
  { operator: "Loop", lower: unrolledLoop },
  { operator: "Scan", opsets: [9, 26], lower: scanLoop },
];
