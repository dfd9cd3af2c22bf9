/** Infix notation of operators that change axes: sums with their axis, axes of size 1, outer products, heads. */
import { at } from "../expect.js";
import type { Dim, NodeOf, Shape } from "../types.js";
import { atom, type InfixExpression, parenthesize } from "./expression.js";

type Printer<K extends Parameters<typeof shapeOf>[0]["op"]> = (
  operands: readonly InfixExpression[],
  node: NodeOf<K>,
) => InfixExpression;

const shapeOf = ({
  inputs,
}: NodeOf<
  "Reshape" | "Slice" | "Concat" | "Unsqueeze" | "Squeeze" | "ReduceSum" | "ReduceMean" | "ReduceMax" | "Transpose"
>) => at(inputs, 0).type.shape;

/** The axes that no equation has: `batch`, `time`. */
const isOutside = (dim: Dim | undefined): dim is string => dim === "batch" || dim === "time";

const onAxis = (name: string, { text }: InfixExpression, axis: number) =>
  atom(axis === -1 ? `${name}(${text})` : `${name}(${text}, ${axis})`);

/** A new axis of size 1, counted from the last of the result. */
function inserted(of: InfixExpression, axis: number): InfixExpression {
  return of.removed?.axis === axis ? of.removed.of : { ...onAxis("unsqueeze", of, axis), inserted: { axis, of } };
}

function removed(of: InfixExpression, axis: number): InfixExpression {
  return of.inserted?.axis === axis ? of.inserted.of : { ...onAxis("squeeze", of, axis), removed: { axis, of } };
}

export const unsqueeze: Printer<"Unsqueeze"> = ([a = atom("?")], node) => {
  const [axis, ...others] = node.attributes.axes;
  const rank = shapeOf(node).length + 1;
  // Leading axes of size 1 are those of broadcasting.
  return axis === undefined || others.length > 0 || axis === 0 ? a : inserted(a, axis - rank);
};

export const squeeze: Printer<"Squeeze"> = ([a = atom("?")], node) => {
  const [axis, ...others] = node.attributes.axes;
  return axis === undefined || others.length > 0 || axis === 0 ? a : removed(a, axis - shapeOf(node).length);
};

/** `sum(a)` along the last axis, `sum(a, -2)`, `sum(a, batch)`; of all axes `sum_all(a)`. */
export const reduction =
  (name: string): Printer<"ReduceSum" | "ReduceMean" | "ReduceMax"> =>
  ([a = atom("?")], node) => {
    const shape = shapeOf(node);
    const { axes, keep } = node.attributes;
    const outside = axes.flatMap((axis) => (isOutside(shape[axis]) ? [String(shape[axis])] : []));
    const own = axes.filter((axis) => !isOutside(shape[axis]));
    if (axes.length === shape.length && !keep && shape.length > 0) return atom(`${name}_all(${a.text})`);
    const reduced = own.reduce((inner, axis) => onAxis(name, inner, axis - shape.length), a);
    const dropped = keep
      ? reduced
      : own.toSorted((one, other) => one - other).reduce((inner, axis) => removed(inner, axis - shape.length), reduced);
    return outside.length === 0 ? dropped : atom(`${name}(${[dropped.text, ...outside].join(", ")})`);
  };

export const transpose: Printer<"Transpose"> = ([a = atom("?")], node) => {
  const { perm } = node.attributes;
  const rank = perm.length;
  const swapsLastAxes = perm.every((axis, index) => axis === (index < rank - 2 ? index : 2 * rank - 3 - index));
  if (!swapsLastAxes) return atom(`transpose(${a.text}, ${perm.join(", ")})`);
  const { inserted: column } = a;
  if (column !== undefined && column.axis >= -2) return inserted(column.of, -3 - column.axis);
  const mixesRows = shapeOf(node).slice(-2).some(isOutside);
  return atom(mixesRows ? `${parenthesize(a, 4)}ᵀ` : `transpose(${a.text})`);
};

export const reshape: Printer<"Reshape"> = ([a = atom("?")], node) => {
  const [from, to] = [shapeOf(node), node.attributes.shape];
  const differing = from.findIndex((dim, axis) => dim !== to[axis]);
  const common = differing < 0 ? from.length : differing;
  const [rows, target] = [from.slice(common), to.slice(common)];
  const isOne = (shape: Shape, ...expected: readonly (Dim | undefined)[]) =>
    shape.length === expected.length && shape.every((dim, axis) => dim === expected[axis]);
  // Ones at the end first, then heads.
  if (isOne(rows, ...target, 1)) return removed(a, -1);
  if (isOne(target, ...rows, 1)) return inserted(a, -1);
  if (rows.length === 1 && isOne(target, 1, rows[0])) return inserted(a, -2);
  if (target.length === 1 && isOne(rows, 1, target[0])) return removed(a, -2);
  const heads = (shape: Shape, width: Dim | undefined) =>
    shape.length === 2 &&
    shape.every((dim) => typeof dim === "number") &&
    Number(shape[0]) * Number(shape[1]) === width;
  if (target.length === 1 && heads(rows, target[0])) return atom(`merge_heads(${a.text})`);
  if (rows.length === 1 && heads(target, rows[0])) return atom(`split_heads(${a.text}, ${target[0]})`);
  if (rows.includes(1) && rows.length === 2 && isOne(target, ...rows.toReversed())) return atom(`transpose(${a.text})`);
  // An axis of size 1 before or after the last one of the heads.
  for (const axis of [-1, -2]) {
    const without = (shape: Shape) => (shape.length === 3 && shape.at(axis) === 1 ? shape.toSpliced(3 + axis, 1) : []);
    if (target.length === 1 && heads(without(rows), target[0])) return atom(`merge_heads(${removed(a, axis).text})`);
    if (rows.length === 1 && heads(without(target), rows[0]))
      return inserted(atom(`split_heads(${a.text}, ${target[0]})`), axis);
  }
  return to.length < from.length ? atom(`flat(${a.text})`) : a;
};

/** The outer product of a column and a row; undefined for other operands. */
export function outer(a: InfixExpression, b: InfixExpression): InfixExpression | undefined {
  if (a.inserted?.axis !== -1 || b.inserted?.axis !== -2) return undefined;
  return atom(`outer(${a.inserted.of.text}, ${b.inserted.of.text})`);
}

/** The product of a row with a matrix: that of its vector, with an axis of size 1. */
export function rowProduct(
  a: InfixExpression,
  product: (vector: InfixExpression) => InfixExpression,
): InfixExpression | undefined {
  return a.inserted?.axis === -2 ? inserted(product(a.inserted.of), -2) : undefined;
}

/** The last entries of an axis: of a window, which `shift_in` moves. */
export const slice: Printer<"Slice"> = ([a = atom("?")], node) => {
  const { axis, start, end } = node.attributes;
  const shape = shapeOf(node);
  const text = `${parenthesize(a, 4)}[${start}:${end}]`;
  const isEnd = axis === shape.length - 1 && end === shape[axis];
  return isEnd && typeof start === "number" ? { ...atom(text), last: { of: a, start } } : atom(text);
};

export const concat: Printer<"Concat"> = (operands, { attributes: { axis }, inputs }) => {
  const [{ last } = atom("?"), step, ...others] = operands;
  const { shape } = at(inputs, 0).type;
  const isShifted = others.length === 0 && axis === shape.length - 1 && inputs[1]?.type.shape[axis] === last?.start;
  if (last !== undefined && step !== undefined && isShifted) return atom(`shift_in(${last.of.text}, ${step.text})`);
  return atom(`concat(${operands.map(({ text }) => text).join(", ")})`);
};
