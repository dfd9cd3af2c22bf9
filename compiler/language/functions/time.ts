/** Functions of earlier time steps, for equations of layers: those of a cell have states for that. */
import { at } from "../../ir/expect.js";
import { isBatched, shapeOf } from "../expression-type.js";
import { type Expression, visit } from "../parse/expression.js";
import { tokenize } from "../parse/tokens.js";
import type { DefinitionKind, ResolvedDefinition } from "../resolve.js";
import { argumentError, asValue, type Delay, type EquationFunction, tensorType } from "./function.js";

/** Zeros before the first step. */
const delayed: Delay = (b, sequence, steps) => b.slice(b.pad(sequence, 0, steps, 0), 0, 0, at(sequence.type.shape, 0));

const maxSteps = 1000;

export const timeFunctions: Readonly<Record<string, EquationFunction>> = {
  shift: {
    notation: "shift(a, steps)",
    equation: "a of an earlier time step, the one before by default; zeros before the first step",
    arity: [1, 2],
    conditionCount: 0,
    infer(args) {
      const [a, steps] = [at(args, 0), args[1]];
      if (!isBatched(a)) return argumentError("argument", "does not depend on the input: it has no time steps", 0);
      const isValid =
        steps === undefined ||
        (steps.kind === "number" && Number.isInteger(steps.value) && steps.value >= 1 && steps.value <= maxSteps);
      if (isValid) return tensorType(shapeOf(a), [a]);
      const error = argumentError("argument", `the number of steps is an integer from 1 to ${maxSteps}`, 1);
      return { ...error, hint: "shift(x, 2) is x of two steps before; no step reads a later one." };
    },
    build: (b, args, _shape, _types, _batchAxes, delay = delayed) =>
      delay(b, asValue(b, at(args, 0)), Number(args[1] ?? 1)),
  },
};

/** False for a function of time steps outside of a layer. */
export function isCallable(name: string, kind: DefinitionKind): boolean {
  return kind === "layer" || !Object.hasOwn(timeFunctions, name);
}

/** True for the name of a function, which equations cannot set; that of a time function is free where none calls it. */
export function isFunctionName(
  name: string,
  { functions, equations }: Pick<ResolvedDefinition, "functions" | "equations">,
): boolean {
  return functions.isBuiltIn(name) && (!Object.hasOwn(timeFunctions, name) || equations.some(calls(name)));
}

const calls = (name: string) => (source: string) => {
  const { tokens } = tokenize(source);
  return tokens.some((token, index) => token.text === name && tokens[index + 1]?.text === "(");
};

/** True where equations read earlier time steps. */
export function readsEarlierSteps(equations: readonly { readonly value: Expression }[]): boolean {
  let isFound = false;
  for (const { value } of equations)
    visit(value, (node) => {
      isFound ||= node.kind === "call" && Object.hasOwn(timeFunctions, node.function);
    });
  return isFound;
}
