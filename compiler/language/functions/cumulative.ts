/** Functions of each entry of an axis and the entries before it. */
import type { OpMethods } from "../../ir/builder.js";
import { at } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { shapeOf } from "../expression-type.js";
import { reducedAxis } from "./axes.js";
import { asValue, type EquationFunction, tensorType } from "./function.js";

export const cumulativeFunctions: Readonly<Record<string, EquationFunction>> = {
  cumsum: cumulative("cumsum", "the sums of the entries up to each", (b, x, y) => b.add(x, y)),
  cummax: cumulative("cummax", "the largest of the entries up to each", (b, x, y) => b.max(x, y)),
};

/** A function of each entry of an axis and the entries before it, by `combine`, which is associative. */
function cumulative(
  name: string,
  equation: string,
  combine: (b: OpMethods, x: Value, y: Value) => Value,
): EquationFunction {
  return {
    notation: `${name}(a, axis)`,
    equation,
    arity: [1, 2],
    conditionCount: 0,
    infer(args, rules) {
      const axis = reducedAxis(args, rules);
      if (typeof axis !== "number") return axis;
      const shape = shapeOf(at(args, 0));
      rules.known(at(shape, shape.length + axis));
      return tensorType(shape, args);
    },
    build(b, args, shape) {
      const axis = Number(args[1] ?? -1);
      const size = Number(at(shape, shape.length + axis));
      // After the step of a distance d each entry combines the 2 d entries up to it (W. D. Hillis, G. L. Steele, 1986).
      let result = asValue(b, at(args, 0));
      for (let distance = 1; distance < size; distance *= 2) {
        const [first, rest] = [b.slice(result, axis, 0, distance), b.slice(result, axis, distance, size)];
        result = b.concat([first, combine(b, rest, b.slice(result, axis, 0, size - distance))], axis);
      }
      return result;
    },
  };
}
