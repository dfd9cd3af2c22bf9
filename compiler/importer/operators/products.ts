/** Matrix products. */
import type { Builder } from "../../ir/builder.js";
import { elementCount } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Value } from "../../ir/types.js";
import { type Lowering, single } from "../lowering.js";
import type { ModelNode } from "../node.js";
import { refuse } from "../refusal.js";
import { axesOf, expectFloat, rankOf } from "./values.js";

/** A vector is a row on the left and a column on the right, as in numpy. */
export function matmul(b: Builder, x: Value, y: Value): Value {
  const [isRow, isColumn] = [rankOf(x) === 1, rankOf(y) === 1];
  const product = b.matmul(isRow ? b.unsqueeze(x, [0]) : x, isColumn ? b.unsqueeze(y, [1]) : y);
  const last = rankOf(product) - 1;
  const axes = [...(isRow ? [last - 1] : []), ...(isColumn ? [last] : [])];
  return axes.length === 0 ? product : b.squeeze(product, axes);
}

function gemm(node: ModelNode, b: Builder): Value {
  const [x, y, c] = [expectFloat(node.x(0)), expectFloat(node.x(1)), node.optional(2)];
  const [alpha, beta] = [node.float("alpha") ?? 1, node.float("beta") ?? 1];
  const scaled = alpha === 1 ? x : b.mul(x, alpha);
  const addend = c === undefined || beta === 1 ? c : b.mul(c, beta);
  return b.gemm(scaled, y, addend, node.int("transA") === 1, node.int("transB") === 1);
}

/** The terms of an equation, each a letter an axis; the letters of an ellipsis are upper-case numbers of axes from the end. */
function parseEquation(equation: string, ranks: readonly number[]) {
  const [left = "", right] = equation.replace(/\s/g, "").split("->");
  const texts = left.split(",");
  if (texts.length !== ranks.length) return refuse(`has ${ranks.length} operands for the equation ${equation}`);
  const letters = (text: string, rank: number): readonly string[] => {
    const count = Math.max(rank - text.replace("...", "").length, 0);
    const ellipsis = Array.from({ length: count }, (_, index) => `.${count - index}`);
    const [before = "", after = ""] = text.split("...");
    return text.includes("...") ? [...before, ...ellipsis, ...after] : [...text];
  };
  const terms = texts.map((text, index) => letters(text, at(ranks, index)));
  const all = terms.flat();
  const broadcast = [...new Set(all.filter((letter) => letter.startsWith(".")))].sort().reverse();
  const once = [...new Set(all)].filter((letter) => all.filter((other) => other === letter).length === 1);
  const implicit = [...broadcast, ...once.filter((letter) => !letter.startsWith(".")).sort()];
  const result = right === undefined ? implicit : letters(right, right.replace("...", "").length + broadcast.length);
  return { terms, result };
}

/** A value with the axes of some letters, in their order, of size 1 where it has none. */
function aligned(b: Builder, x: Value, from: readonly string[], to: readonly string[]): Value {
  const present = to.filter((letter) => from.includes(letter));
  const ordered = b.transpose(
    x,
    present.map((letter) => from.indexOf(letter)),
  );
  const absent = to.flatMap((letter, axis) => (from.includes(letter) ? [] : [axis]));
  return absent.length === 0 ? ordered : b.unsqueeze(ordered, absent);
}

interface Term {
  readonly value: Value;
  readonly letters: readonly string[];
}

/** The diagonal along axes of one letter. */
function diagonal(b: Builder, { value, letters }: Term): Term {
  const letter = letters.find((candidate, axis) => letters.indexOf(candidate) < axis);
  if (letter === undefined) return { value, letters };
  const [first, second] = [letters.indexOf(letter), letters.lastIndexOf(letter)];
  const size = at(value.type.shape, first);
  const order = [...axesOf(letters.length).filter((axis) => axis !== first && axis !== second), first, second];
  const isDiagonal = b.oneHot(b.range(size), size);
  const reduced = b.sum(b.mul(b.transpose(value, order), isDiagonal), [-1]);
  return diagonal(b, { value: reduced, letters: order.slice(0, -1).map((axis) => at(letters, axis)) });
}

/** The sum over the letters that no other term and no result has. */
function summed(b: Builder, { value, letters }: Term, kept: readonly string[]): Term {
  const axes = letters.flatMap((letter, axis) => (kept.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return { value, letters };
  return { value: b.sum(value, axes), letters: letters.filter((letter) => kept.includes(letter)) };
}

/** The product of two terms, summed over the letters that are not kept: one matrix product. */
function contract(b: Builder, x: Term, y: Term, kept: readonly string[]): Term {
  const shared = x.letters.filter((letter) => y.letters.includes(letter));
  const batch = shared.filter((letter) => kept.includes(letter));
  const inner = shared.filter((letter) => !kept.includes(letter));
  const rows = x.letters.filter((letter) => !shared.includes(letter));
  const columns = y.letters.filter((letter) => !shared.includes(letter));
  const sizeOf = ({ value, letters }: Term, letter: string): Dim => at(value.type.shape, letters.indexOf(letter));
  const isBroadcast = shared.some((letter) => sizeOf(x, letter) !== sizeOf(y, letter));
  const letters = [...batch, ...rows, ...columns];
  if (isBroadcast || inner.length === 0) {
    const all = [...letters, ...inner];
    const product = b.mul(aligned(b, x.value, x.letters, all), aligned(b, y.value, y.letters, all));
    return summed(b, { value: product, letters: all }, kept);
  }
  const sizes = (term: Term, names: readonly string[]) => names.map((letter) => sizeOf(term, letter));
  const [batchSizes, innerSize] = [sizes(x, batch), elementCount(sizes(x, inner))];
  const left = b.reshape(aligned(b, x.value, x.letters, [...batch, ...rows, ...inner]), [
    ...batchSizes,
    elementCount(sizes(x, rows)),
    innerSize,
  ]);
  const right = b.reshape(aligned(b, y.value, y.letters, [...batch, ...inner, ...columns]), [
    ...batchSizes,
    innerSize,
    elementCount(sizes(y, columns)),
  ]);
  const value = b.reshape(b.matmul(left, right), [...batchSizes, ...sizes(x, rows), ...sizes(y, columns)]);
  return { value, letters };
}

function einsum(node: ModelNode, b: Builder): Value {
  const xs = node.xs().map(expectFloat);
  const { terms, result } = parseEquation(node.text("equation") ?? "", xs.map(rankOf));
  let rest = terms.map((letters, index) => diagonal(b, { value: at(xs, index), letters }));
  const keptBy = (others: readonly Term[]) => [...result, ...others.flatMap(({ letters }) => letters)];
  rest = rest.map((term, index) => summed(b, term, keptBy(rest.filter((_, other) => other !== index))));
  while (rest.length > 1) {
    const [x, y, ...others] = rest as [Term, Term, ...Term[]];
    rest = [contract(b, x, y, keptBy(others)), ...others];
  }
  const term = at(rest, 0);
  return aligned(b, term.value, term.letters, result);
}

export const productOperators: readonly Lowering[] = [
  single("MatMul", (node, b) => matmul(b, expectFloat(node.x(0)), expectFloat(node.x(1)))),
  single("Gemm", gemm),
  single("Einsum", einsum),
];
