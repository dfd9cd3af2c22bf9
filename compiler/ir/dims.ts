/**
 * Arithmetic on dimensions. A symbolic dim is a polynomial with integer coefficients over size symbols, kept as a
 * canonical string (`batch*time`, `2*time-1`), so that two dims are equal exactly when they are `===`. Symbols are
 * identifiers.
 */
import type { Dim, Shape } from "./types.js";

/** Monomial (sorted symbols joined by `*`, empty for the constant) to its coefficient. */
type Polynomial = ReadonlyMap<string, number>;

const polynomials = new Map<string, Polynomial>();

function polynomial(dim: Dim): Polynomial {
  if (typeof dim === "number") return new Map([["", dim]]);
  const cached = polynomials.get(dim) ?? new Map(dim.split(/(?=[+-])/).map(parseTerm));
  polynomials.set(dim, cached);
  return cached;
}

/** The monomial and the coefficient of one term, such as `time`, `-1` or `+2*batch*time`. */
function parseTerm(text: string): readonly [string, number] {
  const factors = text.replace(/^[+-]/, "").split("*");
  const symbols = factors.filter((factor) => !/^\d+$/.test(factor));
  const magnitude = symbols.length < factors.length ? Number(factors[0]) : 1;
  return [symbols.join("*"), text.startsWith("-") ? -magnitude : magnitude];
}

function canonical(terms: Polynomial): Dim {
  const nonzero = [...terms].filter(([, coefficient]) => coefficient !== 0);
  if (nonzero.length === 0) return 0;
  if (nonzero.length === 1 && nonzero[0]?.[0] === "") return nonzero[0][1];
  // Highest degree first, then by name; the constant comes last.
  const degree = (monomial: string) => (monomial === "" ? 0 : monomial.split("*").length);
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
      const symbols = [...m.split("*"), ...n.split("*")].filter((symbol) => symbol !== "").sort();
      const key = symbols.join("*");
      product.set(key, (product.get(key) ?? 0) + c * d);
    }
  }
  return canonical(product);
}

export function subDims(a: Dim, b: Dim): Dim {
  return addDims(a, mulDims(-1, b));
}

/** The number of elements of a shape. */
export function elementCount(shape: Shape): Dim {
  return shape.reduce<Dim>(mulDims, 1);
}

/** The terms of a dim: each a coefficient and the symbols whose product it multiplies. */
export function terms(dim: Dim): readonly { readonly coefficient: number; readonly symbols: readonly string[] }[] {
  return [...polynomial(dim)].map(([monomial, coefficient]) => ({
    coefficient,
    symbols: monomial === "" ? [] : monomial.split("*"),
  }));
}

/** The symbols that a dim mentions. */
export function symbolsOf(dim: Dim): readonly string[] {
  return [...new Set(terms(dim).flatMap((term) => term.symbols))];
}

/** The value of a dim, given the size of each symbol; undefined where a symbol has no size. */
export function evaluateDim(dim: Dim, sizes: ReadonlyMap<string, number>): number | undefined {
  let total = 0;
  for (const { coefficient, symbols } of terms(dim)) {
    let product = coefficient;
    for (const symbol of symbols) {
      const size = sizes.get(symbol);
      if (size === undefined) return undefined;
      product *= size;
    }
    total += product;
  }
  return total;
}

/** The dim with numbers for the symbols that have a size. */
export function substituteSymbols(dim: Dim, sizes: ReadonlyMap<string, number>): Dim {
  return terms(dim)
    .map(({ coefficient, symbols }) =>
      symbols.reduce<Dim>((product, symbol) => mulDims(product, sizes.get(symbol) ?? symbol), coefficient),
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
