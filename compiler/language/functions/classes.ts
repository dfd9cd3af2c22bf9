/** The functions of a scope that has a number of classes: one_hot reads it where a call gives none. */
import { at } from "../../ir/expect.js";
import type { ExpressionType } from "../expression-type.js";
import type { EquationFunction, FunctionTable } from "./function.js";

export function withClasses(functions: FunctionTable, classes: number): FunctionTable {
  return {
    names: functions.names,
    isBuiltIn: (name) => functions.isBuiltIn(name),
    get(name) {
      const called = functions.get(name);
      return name === "one_hot" && called !== undefined ? withDefault(called, classes) : called;
    },
  };
}

function withDefault(called: EquationFunction, classes: number): EquationFunction {
  const type: ExpressionType = { kind: "number", value: classes };
  return {
    ...called,
    arity: [1, called.arity[1]],
    infer: (args, rules) => called.infer([at(args, 0), args[1] ?? type], rules),
    build: (b, args, shape, types, batchAxes) =>
      called.build(b, [at(args, 0), args[1] ?? classes], shape, [at(types, 0), types[1] ?? type], batchAxes),
  };
}
