/**
 * Factors of a linear recurrence: values that do not depend on its state, in the layout of the state. A factor has one
 * axis for each axis of the state, of size 1 where it does not vary.
 */
import type { Builder } from "../../ir/builder.js";
import { broadcastShapes } from "../../ir/dims.js";
import { at, expectDefined } from "../../ir/expect.js";
import type { Node, Shape, Value } from "../../ir/types.js";

/** The axis of the state that each axis of a value is; -1 for an axis of size 1 that is none. */
export type Layout = readonly number[];

/** Builds factors outside the loop. */
export interface Outside {
  readonly b: Builder;
  /** The values of all time steps, [time, ...shape], or of any, [1, ...shape]; `shape` has the axes of the state. */
  aligned(value: Value, layout: Layout): Value;
}

export interface Factor {
  /** A size for each axis of the state. */
  readonly shape: Shape;
  /** Equal for factors of equal value. */
  readonly identity: string | Value;
  readonly layout?: Layout;
  /** Values of the body that have logarithms where the factor has one; undefined where it has none. */
  readonly logSources?: readonly Value[];
  build(outside: Outside): Value;
}

/** A product of factors; without any it is 1. */
export type Product = readonly Factor[];

export function shapeOf(product: Product, rank: number): Shape {
  return product.reduce<Shape>(
    (shape, factor) => expectDefined(broadcastShapes(shape, factor.shape), "a common shape of factors"),
    new Array<number>(rank).fill(1),
  );
}

/** True where a factor varies along an axis of the state. */
export function varies({ shape }: Factor, axis: number): boolean {
  return shape[axis] !== 1;
}

export function sameFactor(x: Factor, y: Factor): boolean {
  return x.identity === y.identity && `${x.layout}` === `${y.layout}`;
}

/** True where two products have the same factors. */
export function sameProduct(xs: Product, ys: Product): boolean {
  return xs.length === ys.length && xs.every((x) => ys.some((y) => sameFactor(x, y)));
}

/** The product outside the loop, [time or 1, ...]; undefined for 1. */
export function buildProduct(product: Product, outside: Outside): Value | undefined {
  // Factors of few axes are multiplied first.
  const size = ({ shape }: Factor) => shape.filter((dim) => dim !== 1).length;
  const [first, ...others] = [...product].sort((x, y) => size(x) - size(y)).map((factor) => factor.build(outside));
  return first === undefined ? undefined : others.reduce((value, other) => outside.b.mul(value, other), first);
}

/** A factor that is computed from products: a sum of two gates, a mask. */
export function computed(shape: Shape, build: Factor["build"], logSources?: readonly Value[]): Factor {
  return { shape, identity: `computed ${nextIdentity++}`, build, ...(logSources && { logSources }) };
}

let nextIdentity = 0;

/** A number. */
export function constantFactor(number: number, dtype: Value["type"]["dtype"], rank: number): Factor {
  const shape = new Array<number>(rank).fill(1);
  return {
    shape,
    identity: `${number}`,
    build: ({ b }) => b.reshape(b.scalar(number, dtype), [1, ...shape]),
  };
}

/** The value as one factor. */
function leaf(value: Value, layout: Layout, rank: number): Factor {
  const shape = Array.from({ length: rank }, (_, axis) => {
    const index = layout.indexOf(axis);
    return index < 0 ? 1 : at(value.type.shape, index);
  });
  return { shape, identity: value, layout, logSources: [value], build: ({ aligned }) => aligned(value, layout) };
}

/**
 * The factors of a value of the body that does not depend on the state: an outer product is one of smaller factors.
 *
 * @param producers the nodes of the body by their outputs.
 */
export function factorsOf(value: Value, layout: Layout, rank: number, producers: ReadonlyMap<Value, Node>): Product {
  const whole = leaf(value, layout, rank);
  const variedAxes = (factor: Factor) => factor.shape.filter((dim) => dim !== 1).length;
  const node = producers.get(value);
  if (node === undefined || variedAxes(whole) < 2) return [whole];
  const operand = (index: number, operandLayout: Layout) =>
    factorsOf(at(node.inputs, index), operandLayout, rank, producers);
  const rankOf = (index: number) => at(node.inputs, index).type.shape.length;
  const smaller = (product: Product): Product =>
    product.every((factor) => variedAxes(factor) < variedAxes(whole)) ? product : [whole];
  switch (node.op) {
    case "Mul": {
      const layouts = node.inputs.map((input) => operandLayout(layout, input));
      return smaller([...operand(0, at(layouts, 0)), ...operand(1, at(layouts, 1))]);
    }
    case "MatMul": {
      const [x, y] = [at(node.inputs, 0), at(node.inputs, 1)];
      if (x.type.shape.at(-1) !== 1) return [whole];
      const of = (input: Value, rows: number, columns: number): Layout => {
        const lead = operandLayout(layout.slice(0, -2), {
          type: { ...input.type, shape: input.type.shape.slice(0, -2) },
        });
        return [...lead, rows, columns];
      };
      return smaller([
        ...operand(0, of(x, at(layout, layout.length - 2), -1)),
        ...operand(1, of(y, -1, at(layout, layout.length - 1))),
      ]);
    }
    case "Neg":
      return [constantFactor(-1, value.type.dtype, rank), ...operand(0, layout)];
    case "Identity":
      return operand(0, layout);
    case "Unsqueeze":
      return operand(
        0,
        layout.filter((_, axis) => !node.attributes.axes.includes(axis)),
      );
    case "Squeeze": {
      const rest = [...layout];
      return operand(
        0,
        Array.from({ length: rankOf(0) }, (_, axis) =>
          node.attributes.axes.includes(axis) ? -1 : (rest.shift() ?? -1),
        ),
      );
    }
    case "Expand":
      return operand(0, operandLayout(layout, at(node.inputs, 0)));
    default:
      return [whole];
  }
}

/** The layout of an operand that broadcasts to a result of a layout. */
export function operandLayout(layout: Layout, operand: Pick<Value, "type">): Layout {
  const { shape } = operand.type;
  const lead = layout.length - shape.length;
  return shape.map((dim, axis) => (dim === 1 ? -1 : at(layout, axis + lead)));
}
