/** Explanations of functions: the printed gradient, as equations of the language, is the finite difference. */
import { expect, test } from "vitest";
import { explainFunction, updateOperators } from "../../../compiler/inspect/explain-function.js";
import { shapeRules } from "../../../compiler/language/expression-type.js";
import { builtInFunctions, updateFunctions } from "../../../compiler/language/functions/index.js";

const context = { expected: new Map<string, number>() };

/** The value of a line of infix notation at a number. */
function evaluateLine(text: string, names: Readonly<Record<string, number>>): number {
  const functions = {
    ...{
      exp: Math.exp,
      tanh: Math.tanh,
      abs: Math.abs,
      sign: Math.sign,
      sqrt: Math.sqrt,
      max: Math.max,
      min: Math.min,
    },
    ...{ sin: Math.sin, cos: Math.cos, log: Math.log, not: (a: unknown) => (a ? 0 : 1) },
    where: (condition: unknown, a: number, b: number) => (condition ? a : b),
    sigmoid: (a: number) => 1 / (1 + Math.exp(-a)),
    relu: (a: number) => Math.max(a, 0),
    softplus: (a: number) => Math.log(1 + Math.exp(a)),
    erf: (a: number) => builtInNumber("erf", a),
  };
  const scope = { ...functions, ...names };
  return Number(
    new Function(...Object.keys(scope), `return +(${text.replaceAll("^", "**")})`)(...Object.values(scope)),
  );
}

function builtInNumber(name: string, value: number): number {
  const called = builtInFunctions.get(name);
  const type = called?.arity[1] === 1 ? called.infer([{ kind: "number", value }], shapeRules([])) : undefined;
  return type?.kind === "number" ? type.value : Number.NaN;
}

const elementwise = builtInFunctions.names.filter(
  (name) => Number.isFinite(builtInNumber(name, 0.5)) && !["sign", "floor"].includes(name),
);

test("all functions of one number are compared", () => {
  expect(elementwise.length).toBeGreaterThan(18);
});

test.each(elementwise)("%s", (name) => {
  const called = builtInFunctions.get(name);
  if (called === undefined) throw new Error(name);
  const { gradient } = explainFunction(called, context);
  const argument = /\((\w)\)$/.exec(called.notation)?.[1] ?? "";
  for (const at of [0.7, 1.3, 2.5]) {
    const names: Record<string, number> = { [argument]: at, dy: 1.5 };
    for (const line of gradient) {
      const [target = "", text = ""] = line.split(/ = (.*)/s);
      names[target] = evaluateLine(text, names);
    }
    const difference = (1.5 * (builtInNumber(name, at + 1e-5) - builtInNumber(name, at - 1e-5))) / 2e-5;
    expect(Math.abs((names[`d${argument}`] ?? Number.NaN) - difference)).toBeLessThan(1e-7);
  }
});

test("a function that is constant almost everywhere has no gradient; every function has operators", () => {
  const explained = builtInFunctions.names.map((name) => {
    const called = builtInFunctions.get(name);
    if (called === undefined) throw new Error(name);
    return { name, ...explainFunction(called, context) };
  });
  expect(explained.filter(({ gradient }) => gradient.length === 0).map(({ name }) => name)).toEqual([
    "sign",
    "floor",
    "argmax",
    "one_hot",
  ]);
  expect(explained.filter(({ operators }) => operators.length === 0)).toEqual([]);
});

test("a line of a gradient is read by a later one, or is the gradient of an argument", () => {
  for (const name of builtInFunctions.names) {
    const called = builtInFunctions.get(name);
    if (called === undefined) throw new Error(name);
    const { gradient } = explainFunction(called, context);
    const unread = gradient.filter((line, index) => {
      const targets = (line.split(" = ")[0] ?? "").split(", ");
      const later = gradient.slice(index + 1).join("\n");
      return !targets.some((target) => target.startsWith("d") || new RegExp(`\\b${target}\\b`).test(later));
    });
    expect([name, unread]).toEqual([name, []]);
  }
});

test("the operators of functions of optimizers", () => {
  const operatorsOf = (name: string) => {
    const called = updateFunctions.get(name);
    return called && updateOperators(called);
  };
  expect(operatorsOf("norm")).toEqual(["Mul", "ReduceSum", "Sqrt"]);
  expect(operatorsOf("and")).toEqual(["And"]);
  expect(operatorsOf("newton_schulz")).toContain("MatMul");
});
