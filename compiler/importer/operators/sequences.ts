/** Sequences of tensors, as PyTorch's exporter writes chunks of a tensor: their number is known while the model is read. */
import type { Builder } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import type { Lowering } from "../lowering.js";
import { type ModelNode, staticDim } from "../node.js";
import { computed, known, list, type Operand, type Present } from "../operand.js";
import { refuse } from "../refusal.js";

function splitToSequence(node: ModelNode, b: Builder): Operand {
  const x = node.x(0);
  const axis = node.axis(node.int("axis") ?? 0, x.type.shape.length);
  const size = staticDim(at(x.type.shape, axis), "an axis");
  const keepsAxis = (node.int("keepdims") ?? 1) === 1 || node.has(1);
  const parts = b.split(x, partSizes(node, size), axis);
  return list(parts.map((part) => computed(keepsAxis ? part : b.squeeze(part, [axis]))));
}

/** Sizes of the parts: a vector has them, a number is that of all but the last; 1 without either. */
function partSizes(node: ModelNode, size: number): readonly number[] {
  const given = node.has(1) ? node.integers(1, "its sizes") : [1];
  if (node.has(1) && node.shape(1).length === 1) return given;
  const part = at(given, 0);
  if (part < 1) refuse(`splits into parts of ${part}`);
  return Array.from({ length: Math.ceil(size / part) }, (_, index) => Math.min(part, size - index * part));
}

function sequenceAt(node: ModelNode): Operand {
  const elements = node.list(0);
  const [position = 0] = node.integers(1, "its position");
  return elements.at(position) ?? refuse(`reads tensor ${position} of a sequence of ${elements.length}`);
}

function concatFromSequence(node: ModelNode, b: Builder): Value {
  const isNew = node.int("new_axis") === 1;
  const parts = node.list(0).map(node.valueOf);
  const [first] = parts;
  if (first === undefined) return refuse("joins a sequence without tensors");
  const axis = node.axis(node.int("axis") ?? 0, first.type.shape.length + Number(isNew));
  return b.concat(isNew ? parts.map((part) => b.unsqueeze(part, [axis])) : parts, axis);
}

function inserted(node: ModelNode): Operand {
  const elements = [...node.list(0)];
  const [position = elements.length] = node.has(2) ? node.integers(2, "its position") : [];
  elements.splice(position, 0, node.operand(1));
  return list(elements);
}

function lengthOf(node: ModelNode): Operand {
  const entries: readonly Dim[] = [node.list(0).length];
  return known("int64", [], entries);
}

function constructed(node: ModelNode): Operand {
  const elements: readonly Present[] = Array.from({ length: node.inputCount }, (_, index) => node.operand(index));
  return list(elements);
}

export const sequenceOperators: readonly Lowering[] = [
  { operator: "SplitToSequence", lower: (node, b) => [splitToSequence(node, b)] },
  { operator: "SequenceAt", lower: (node) => [sequenceAt(node)] },
  { operator: "SequenceConstruct", lower: (node) => [constructed(node)] },
  { operator: "SequenceEmpty", lower: () => [list([])] },
  { operator: "SequenceInsert", lower: (node) => [inserted(node)] },
  { operator: "SequenceLength", lower: (node) => [lengthOf(node)], gradient: "shape" },
  { operator: "ConcatFromSequence", lower: (node, b) => [concatFromSequence(node, b)] },
];
