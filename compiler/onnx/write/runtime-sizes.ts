/** Sizes known at run time only: symbolic dims as int64 values, computed from the shapes of inputs. */
import { type Quotient, quotientOf, symbolsOf, terms } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Dim, Shape } from "../../ir/types.js";
import { int } from "./proto.js";
import { emitValue, integer, type Scope, vector } from "./scope.js";

/** The name of an int64 vector with these dims. */
export function sizeVector(scope: Scope, shape: Shape, hint: string): string {
  const sizes = shape.filter((dim) => typeof dim === "number");
  if (sizes.length === shape.length) return vector(scope, sizes, hint);
  const owner = outermostScope(scope, shape);
  return cached(owner, shape.join(), () => {
    const names = shape.map((dim) => size(owner, dim));
    return names.length === 1 ? at(names, 0) : emitValue(owner, "Concat", names, [int("axis", 0)]);
  });
}

/** The name of an int64 scalar with this dim. */
export function sizeScalar(scope: Scope, dim: Dim, hint: string): string {
  if (typeof dim === "number") return integer(scope, dim, hint);
  const owner = outermostScope(scope, [dim]);
  return cached(owner, `scalar ${dim}`, () =>
    emitValue(owner, "Squeeze", [size(owner, dim), vector(owner, [0], "axes")]),
  );
}

/** The name of an int64 vector of one dim. */
function size(scope: Scope, dim: Dim): string {
  if (typeof dim === "number") return vector(scope, [dim], "size");
  const owner = outermostScope(scope, [dim]);
  return cached(owner, dim, () => (owner.symbolSources.has(dim) ? readFromInput(owner, dim) : polynomial(owner, dim)));
}

/** The size of a symbol, from an input's shape. */
function readFromInput(scope: Scope, symbol: string): string {
  const source = expectDefined(scope.symbolSources.get(symbol), `an input with the size ${symbol}`);
  const shape = cached(scope, `shape of ${source.input}`, () => emitValue(scope, "Shape", [source.input]));
  return emitValue(scope, "Gather", [shape, vector(scope, [source.axis], "axis")], [int("axis", 0)]);
}

/** A sum of products of symbols and quotients. */
function polynomial(scope: Scope, dim: Dim): string {
  const quotient = typeof dim === "string" ? quotientOf(dim) : undefined;
  if (quotient !== undefined) return roundedDown(scope, quotient);
  const summands = terms(dim).map(({ coefficient, factors: names }) => {
    const factors = names.map((factor) => size(scope, factor));
    if (coefficient !== 1 || factors.length === 0) factors.push(vector(scope, [coefficient], "size"));
    return factors.reduce((x, y) => emitValue(scope, "Mul", [x, y]));
  });
  return summands.reduce((x, y) => emitValue(scope, "Add", [x, y]));
}

/** floor(a / n) as (a - a mod n) / n: ONNX's Div truncates toward zero, and its Mod has the sign of the divisor. */
function roundedDown(scope: Scope, { dividend, divisor }: Quotient): string {
  const [a, n] = [size(scope, dividend), vector(scope, [divisor], "size")];
  return emitValue(scope, "Div", [emitValue(scope, "Sub", [a, emitValue(scope, "Mod", [a, n])]), n]);
}

/** The outermost scope that can compute all of these dims, so that a size is computed once and not at every step. */
function outermostScope(scope: Scope, dims: Shape): Scope {
  const undefinedDims = dims.filter((dim) => !canCompute(scope, dim));
  if (undefinedDims.length > 0) throw new Error(`no input has the size ${undefinedDims.join(", ")}`);
  let outermost = scope;
  while (outermost.parent !== undefined && dims.every((dim) => canCompute(outermost.parent, dim)))
    outermost = outermost.parent;
  return outermost;
}

function canCompute(scope: Scope | undefined, dim: Dim): boolean {
  return typeof dim === "number" || isInScope(scope, dim) || symbolsOf(dim).every((symbol) => isInScope(scope, symbol));
}

function isInScope(scope: Scope | undefined, dim: string): boolean {
  return scope !== undefined && (scope.symbolSources.has(dim) || isInScope(scope.parent, dim));
}

function cached(scope: Scope, key: string, create: () => string): string {
  const existing = scope.sizeNames.get(key);
  if (existing !== undefined) return existing;
  const name = create();
  scope.sizeNames.set(key, name);
  return name;
}
