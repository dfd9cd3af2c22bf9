/** Sizes that are known only when a model runs: symbolic dims as int64 values, computed where their symbols are told. */
import { symbolsOf, terms } from "../ir/dims.js";
import { at, present } from "../ir/present.js";
import type { Dim, Shape } from "../ir/types.js";
import { int } from "./proto.js";
import { compute, integer, type Scope, vector } from "./scope.js";

/** A shape, or a part of one, as the name of an int64 vector. */
export function sizeVector(scope: Scope, shape: Shape, hint: string): string {
  const sizes = shape.filter((dim) => typeof dim === "number");
  if (sizes.length === shape.length) return vector(scope, sizes, hint);
  const home = homeOf(scope, shape);
  return cached(home, shape.join(), () => {
    const pieces = shape.map((dim) => size(home, dim));
    return pieces.length === 1 ? at(pieces, 0) : compute(home, "Concat", pieces, [int("axis", 0)]);
  });
}

/** One dim as the name of an int64 scalar. */
export function sizeScalar(scope: Scope, dim: Dim, hint: string): string {
  if (typeof dim === "number") return integer(scope, dim, hint);
  const home = homeOf(scope, [dim]);
  return cached(home, `scalar ${dim}`, () => compute(home, "Squeeze", [size(home, dim), vector(home, [0], "axes")]));
}

/** One dim as the name of a vector of one. */
function size(scope: Scope, dim: Dim): string {
  if (typeof dim === "number") return vector(scope, [dim], "size");
  const home = homeOf(scope, [dim]);
  return cached(home, dim, () => (home.symbols.has(dim) ? told(home, dim) : polynomial(home, dim)));
}

/** The size of a symbol, read off an input's shape. */
function told(scope: Scope, symbol: string): string {
  const source = present(scope.symbols.get(symbol), `what tells the size ${symbol}`);
  const shape = cached(scope, `shape of ${source.input}`, () => compute(scope, "Shape", [source.input]));
  return compute(scope, "Gather", [shape, vector(scope, [source.axis], "axis")], [int("axis", 0)]);
}

/** A sum of products of symbols. */
function polynomial(scope: Scope, dim: Dim): string {
  const summands = terms(dim).map(({ coefficient, symbols }) => {
    const factors = symbols.map((symbol) => size(scope, symbol));
    if (coefficient !== 1 || factors.length === 0) factors.push(vector(scope, [coefficient], "size"));
    return factors.reduce((x, y) => compute(scope, "Mul", [x, y]));
  });
  return summands.reduce((x, y) => compute(scope, "Add", [x, y]));
}

/** The outermost scope that can tell all of these dims: there a size is computed once, and not once a step. */
function homeOf(scope: Scope, dims: Shape): Scope {
  const unknown = dims.filter((dim) => !tells(scope, dim));
  if (unknown.length > 0) throw new Error(`no input tells the size ${unknown.join(", ")}`);
  let home = scope;
  while (home.parent !== undefined && dims.every((dim) => tells(home.parent, dim))) home = home.parent;
  return home;
}

function tells(scope: Scope | undefined, dim: Dim): boolean {
  return typeof dim === "number" || sees(scope, dim) || symbolsOf(dim).every((symbol) => sees(scope, symbol));
}

function sees(scope: Scope | undefined, dim: string): boolean {
  return scope !== undefined && (scope.symbols.has(dim) || sees(scope.parent, dim));
}

function cached(scope: Scope, key: string, make: () => string): string {
  const before = scope.sizes.get(key);
  if (before !== undefined) return before;
  const name = make();
  scope.sizes.set(key, name);
  return name;
}
