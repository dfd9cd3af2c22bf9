/**
 * einsum: products of tensors, summed over the axes that the formula of the result lacks. Letters name the axes of a row;
 * the axes of the batch lead each operand that depends on the input, and have no letter.
 */
import type { OpMethods } from "../../ir/builder.js";
import { mulDims, printShape } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Shape, Value } from "../../ir/types.js";
import { type ExpressionType, isBatched, rowShape, type ShapeRules } from "../expression-type.js";
import { type ArgumentError, argumentError, asValue, type EquationFunction, tensorType } from "./function.js";

/** The letters of the operands and of the result: `ij,j->i`. */
interface Formula {
  readonly operands: readonly (readonly string[])[];
  readonly result: readonly string[];
}

export const einsumFunction: EquationFunction = {
  notation: 'einsum("ij,kj->ik", a, b)',
  equation: "Σ_j a_ij b_kj: the product of the entries, summed over the letters that the result lacks",
  arity: [1, 8],
  conditionCount: 0,
  hasFormula: true,
  infer(args, rules, text = "") {
    const formula = parseFormula(text);
    if ("kind" in formula) return formula;
    const sizes = sizesOf(formula, args, rules);
    if ("kind" in sizes) return sizes;
    const batch = args.find(isBatched);
    const leading = batch?.kind === "tensor" ? batch.shape.slice(0, rules.batchAxes) : [];
    return tensorType([...leading, ...formula.result.map((letter) => expectDefined(sizes.get(letter), letter))], args);
  },
  build(b, args, _shape, types, batchAxes, _delay, text = "") {
    const { operands, result } = parseFormula(text) as Formula;
    const factors = operands.map((letters, index): Factor => {
      const value = asValue(b, at(args, index));
      const leading = isBatched(at(types, index)) ? batchAxes : 0;
      return { value, letters, leading };
    });
    const [first, ...rest] = factors;
    const product = rest.reduce(
      (left, right, index) => {
        const later = new Set([...result, ...rest.slice(index + 1).flatMap(({ letters }) => letters)]);
        return contract(b, left, right, later);
      },
      expectDefined(first, "an operand"),
    );
    return arranged(b, summed(b, product, new Set(result)), result).value;
  },
};

const diagonalHint =
  "Give each axis of an operand a letter of its own. The diagonal of n x n matrices is einsum('ij,ij->i', a, one_hot(k, n)), k the indices from 0.";

/** The formula, or its error. */
function parseFormula(text: string): Formula | ArgumentError {
  const fail = (message: string): ArgumentError => ({
    ...argumentError("argument", `the formula ${JSON.stringify(text)} ${message}`),
    hint: 'A letter is an axis of each row: "ij,j->i" is the product of a matrix with a vector.',
  });
  const compact = text.replaceAll(" ", "");
  const [left = "", right] = compact.split("->");
  if (right === undefined) return fail('lacks the axes of the result, after "->"');
  if (!/^[A-Za-z,]*->[A-Za-z]*$/.test(compact)) return fail("may have letters, commas and one arrow only");
  const operands = left.split(",").map((letters) => [...letters]);
  const result = [...right];
  const repeated = [...operands, result].find((letters) => new Set(letters).size < letters.length);
  if (repeated !== undefined) {
    const error = fail(`repeats a letter in "${repeated.join("")}"`);
    return repeated === result ? error : { ...error, hint: diagonalHint };
  }
  const unknown = result.find((letter) => !operands.some((letters) => letters.includes(letter)));
  return unknown === undefined ? { operands, result } : fail(`has "${unknown}" in the result only`);
}

/** The size of each letter, or the error of an operand. */
function sizesOf(
  { operands }: Formula,
  args: readonly ExpressionType[],
  rules: ShapeRules,
): ReadonlyMap<string, Dim> | ArgumentError {
  if (operands.length !== args.length)
    return argumentError("argument", `the formula has ${operands.length} operands, and the call ${args.length}`);
  const sizes = new Map<string, Dim>();
  for (const [index, letters] of operands.entries()) {
    const row = rowShape(at(args, index), rules);
    const name = `"${letters.join("")}"`;
    if (row.length !== letters.length)
      return argumentError("shape-mismatch", `${name} names ${letters.length} axes of ${printShape(row)}`, index);
    for (const [axis, letter] of letters.entries()) {
      const [known, size] = [sizes.get(letter), at(row, axis)];
      const common = known === undefined ? size : rules.unify(known, size);
      if (common === undefined)
        return argumentError("shape-mismatch", `the size of ${letter} is ${size}, but ${known} before`, index);
      sizes.set(letter, common);
    }
  }
  return sizes;
}

/** A value whose axes after the leading ones have letters. */
interface Factor {
  readonly value: Value;
  readonly letters: readonly string[];
  /** The number of axes of the batch. */
  readonly leading: number;
}

/** The sum over the letters that are not kept. */
function summed(b: OpMethods, { value, letters, leading }: Factor, kept: ReadonlySet<string>): Factor {
  const axes = letters.flatMap((letter, axis) => (kept.has(letter) ? [] : [leading + axis]));
  if (axes.length === 0) return { value, letters, leading };
  return { value: b.sum(value, axes, false), letters: letters.filter((letter) => kept.has(letter)), leading };
}

/** The axes in the order of letters. */
function arranged(b: OpMethods, { value, letters, leading }: Factor, order: readonly string[]): Factor {
  const axes = [
    ...Array.from({ length: leading }, (_, axis) => axis),
    ...order.map((l) => leading + letters.indexOf(l)),
  ];
  const isInOrder = axes.every((axis, index) => axis === index);
  return { value: isInOrder ? value : b.transpose(value, axes), letters: order, leading };
}

/** The sum of products over the letters that nothing later reads: a matrix product, or an entry-by-entry product. */
function contract(b: OpMethods, one: Factor, other: Factor, later: ReadonlySet<string>): Factor {
  const keptWith = ({ letters }: Factor) => new Set([...later, ...letters]);
  // The factor with the batch is on the left: a weight multiplies each row from the right.
  const [x, y] = one.leading === 0 && other.leading > 0 ? [other, one] : [one, other];
  const [left, right] = [summed(b, x, keptWith(y)), summed(b, y, keptWith(x))];
  const isShared = (letter: string) => left.letters.includes(letter) && right.letters.includes(letter);
  const shared = left.letters.filter((letter) => isShared(letter) && later.has(letter));
  const inner = left.letters.filter((letter) => isShared(letter) && !later.has(letter));
  const rows = left.letters.filter((letter) => !isShared(letter));
  const columns = right.letters.filter((letter) => !isShared(letter));
  const leading = Math.max(left.leading, right.leading);
  const letters = [...shared, ...rows, ...columns];
  if (inner.length === 0) {
    const [a, c] = [spread(b, left, letters), spread(b, right, letters)];
    return { value: b.mul(a, c), letters, leading };
  }
  const sizes = new Map<string, Dim>();
  for (const { value, letters: names, leading: skipped } of [left, right])
    for (const [axis, letter] of names.entries()) sizes.set(letter, at(value.type.shape, skipped + axis));
  const dims = (names: readonly string[]) => names.map((letter) => expectDefined(sizes.get(letter), letter));
  // The rows of the batch are those of the matrix: a vector times a weight.
  const isVector = rows.length === 0 && shared.length === 0 && right.leading === 0 && left.leading > 0;
  const a = merged(b, left, [shared, ...(isVector ? [] : [rows]), inner], dims);
  const c = merged(b, right, [shared, inner, columns], dims);
  const batch = (left.leading >= right.leading ? left : right).value.type.shape.slice(0, leading);
  const shape: Shape = [...batch, ...dims(letters)];
  const product = b.matmul(a, c);
  const isInShape =
    product.type.shape.length === shape.length && (isVector || rows.length === 1) && columns.length === 1;
  return { value: isInShape ? product : b.reshape(product, shape), letters, leading };
}

/** A factor with an axis of size 1 for each letter that it lacks. */
function spread(b: OpMethods, factor: Factor, letters: readonly string[]): Value {
  const own = letters.filter((letter) => factor.letters.includes(letter));
  const { value, leading } = arranged(b, factor, own);
  const missing = letters.flatMap((letter, axis) => (own.includes(letter) ? [] : [leading + axis]));
  return missing.length === 0 ? value : b.unsqueeze(value, missing);
}

/** The factor with one axis for each group after the first, whose letters keep their axes. */
function merged(
  b: OpMethods,
  factor: Factor,
  [shared = [], ...groups]: readonly (readonly string[])[],
  dims: (letters: readonly string[]) => Shape,
): Value {
  const { value, leading } = arranged(b, factor, [...shared, ...groups.flat()]);
  if (groups.every(({ length }) => length === 1)) return value;
  const sizes = groups.map((group) => dims(group).reduce(mulDims, 1));
  return b.reshape(value, [...value.type.shape.slice(0, leading), ...dims(shared), ...sizes]);
}
