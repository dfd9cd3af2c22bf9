/**
 * Arithmetic on dimensions. A symbolic dim is a polynomial with integer coefficients over size symbols and quotients of
 * such dims, kept as a canonical string (`batch*time`, `2*time-1`, `floor((time+1)/2)`), so that two dims are equal
 * exactly when they are `===`. Symbols are identifiers.
 */
import type { Dim, Shape } from "./types.js";

/** Monomial (sorted factors joined by `*`, empty for the constant) to its coefficient. */
type Polynomial = ReadonlyMap<string, number>;

/** The quotient of a dim by a number, rounded down. */
export interface Quotient {
  readonly dividend: Dim;
  readonly divisor: number;
}

const polynomials = new Map<string, Polynomial>();

/** The quotient that a dim is, `floor(time/2)` or `floor((time+1)/2)`; undefined for another dim. */
export function quotientOf(dim: string): Quotient | undefined {
  const [, sum, monomial, divisor] = /^floor\((?:\((.*)\)|(.*))\/(\d+)\)$/.exec(dim) ?? [];
  const dividend = sum ?? monomial;
  if (dividend === undefined || splitOutside(dim, "+-*", false).length > 1) return undefined;
  return { dividend, divisor: Number(divisor) };
}

/** Splits a text before or at separators outside of parentheses. */
function splitOutside(text: string, separators: string, keep: boolean): readonly string[] {
  const parts: string[] = [];
  let [depth, start] = [0, 0];
  for (const [index, character] of [...text].entries()) {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (depth === 0 && index > 0 && separators.includes(character)) {
      parts.push(text.slice(start, index));
      start = keep ? index : index + 1;
    }
  }
  return [...parts, text.slice(start)];
}

const factorsOf = (monomial: string): readonly string[] =>
  monomial === "" ? [] : monomial.includes("(") ? splitOutside(monomial, "*", false) : monomial.split("*");

function polynomial(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map([["", dim]]);
  const cached = polynomials.get(dim) ?? new Map(splitOutside(dim, "+-", true).map(parseTerm));
  polynomials.set(dim, cached);
  return cached;
}

/** The monomial and the coefficient of one term, such as `time`, `-1` or `+2*batch*time`. */
function parseTerm(text: string): readonly [string, number] {
  const factors = factorsOf(text.replace(/^[+-]/, ""));
  const symbols = factors.filter((factor) => !/^\d+$/.test(factor));
  const magnitude = symbols.length < factors.length ? Number(factors[0]) : 1;
  return [symbols.join("*"), text.startsWith("-") ? -magnitude : magnitude];
}

function canonical(terms: Polynomial): Dim {
  const nonzero = [...terms].filter(([, coefficient]) => coefficient !== 0);
  if (nonzero.length === 0) return 0;
  if (nonzero.length === 1 && nonzero[0]?.[0] === "") return nonzero[0][1];
  // Highest degree first, then by name; the constant comes last.
  const degree = (monomial: string) => factorsOf(monomial).length;
  nonzero.sort(([a], [b]) => degree(b) - degree(a) || (a < b ? -1 : 1));
  let text = "";
  for (const [monomial, coefficient] of nonzero) {
    const magnitude = Math.abs(coefficient);
    const term = monomial === "" ? `${magnitude}` : magnitude === 1 ? monomial : `${magnitude}*${monomial}`;
    text += coefficient < 0 ? `-${term}` : text === "" ? term : `+${term}`;
  }
  polynomials.set(text, new Map(nonzero));
  return text;
}

export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = new Map(polynomial(a));
  for (const [monomial, coefficient] of polynomial(b)) sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient);
  return canonical(sum);
}

export function mulDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b + 0; // never -0
  if (a === 1) return b;
  if (b === 1) return a;
  const product = new Map<string, number>();
  for (const [m, c] of polynomial(a)) {
    for (const [n, d] of polynomial(b)) {
      const key = [...factorsOf(m), ...factorsOf(n)].sort().join("*");
      product.set(key, (product.get(key) ?? 0) + c * d);
    }
  }
  return canonical(product);
}

export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(-1, b));
}

/** The quotient rounded down, for a positive divisor: floor((2 time + 3) / 2) is time + 1. */
export function floorDivDims(a: Dim, divisor: number): Dim {
  if (typeof a === "number") return Math.floor(a / divisor);
  if (divisor === 1) return a;
  // a = divisor * quotient + rest, where the coefficients of the rest are from 0 to divisor - 1.
  const quotient = new Map<string, number>();
  const rest = new Map<string, number>();
  for (const [monomial, coefficient] of polynomial(a)) {
    const multiple = Math.floor(coefficient / divisor);
    quotient.set(monomial, multiple);
    rest.set(monomial, coefficient - divisor * multiple);
  }
  const dividend = canonical(rest);
  if (typeof dividend === "number") return addDims(canonical(quotient), Math.floor(dividend / divisor));
  const inner = quotientPlusConstant(rest);
  if (inner !== undefined)
    return addDims(
      canonical(quotient),
      floorDivDims(addDims(inner.dividend, inner.divisor * inner.constant), inner.divisor * divisor),
    );
  const isSum = splitOutside(dividend, "+-", true).length > 1;
  const factor = `floor(${isSum ? `(${dividend})` : dividend}/${divisor})`;
  return addDims(canonical(quotient), factor);
}

/**
 * The parts of floor(x / a) + c, whose quotient by b is floor((x + a c) / (a b)); undefined for another sum.
 */
function quotientPlusConstant(sum: Polynomial): (Quotient & { readonly constant: number }) | undefined {
  const [[factor, coefficient] = ["", 0], ...others] = [...sum].filter(([monomial, n]) => monomial !== "" && n !== 0);
  const quotient = others.length === 0 && coefficient === 1 ? quotientOf(factor) : undefined;
  return quotient && { ...quotient, constant: sum.get("") ?? 0 };
}

/** The number of elements of a shape. */
export function elementCount(shape: Shape): Dim {
  return shape.reduce<Dim>(mulDims, 1);
}

/** The terms of a dim: each a coefficient and the factors whose product it multiplies, symbols and quotients. */
export function terms(dim: Dim): readonly { readonly coefficient: number; readonly factors: readonly string[] }[] {
  return [...polynomial(dim)].map(([monomial, coefficient]) => ({ coefficient, factors: factorsOf(monomial) }));
}

/** The symbols that a dim mentions. */
export function symbolsOf(dim: Dim): readonly string[] {
  const symbols = terms(dim).flatMap(({ factors }) =>
    factors.flatMap((factor) => {
      const quotient = quotientOf(factor);
      return quotient === undefined ? [factor] : symbolsOf(quotient.dividend);
    }),
  );
  return [...new Set(symbols)];
}

/** The value of a dim, given the size of each symbol; undefined where a symbol has no size. */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number | undefined {
  const value = substituteSymbols(dim, sizes);
  return typeof value === "number" ? value : undefined;
}

/** The dim with the sizes of the symbols that have one: numbers, or other dims. */
export function substituteSymbols(dim: Dim, sizes: ReadonlyMap<string, Dim>): Dim {
  const substituted = (factor: string): Dim => {
    const quotient = quotientOf(factor);
    return quotient === undefined
      ? (sizes.get(factor) ?? factor)
      : floorDivDims(substituteSymbols(quotient.dividend, sizes), quotient.divisor);
  };
  return terms(dim)
    .map(({ coefficient, factors }) =>
      factors.reduce<Dim>((product, factor) => mulDims(product, substituted(factor)), coefficient),
    )
    .reduce(addDims, 0);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, index) => dim === b[index]);
}

/** The common shape of two operands under numpy's broadcasting; undefined where the shapes are incompatible. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    result.push(x === 1 ? y : x);
  }
  return result;
}

export function printShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
