/** Initial values that are not finite, which an expression may give: a run with them would end at its first step. */
import type { InitialExpression, Initializer, StoredParameter } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { initializeTensor } from "../tensors/initializers.js";

/** @param given names of the parameters whose values come from elsewhere. */
export function checkInitialValues(
  { model, seed }: NormalSpec,
  parameters: readonly StoredParameter[],
  given: ReadonlySet<string>,
): readonly RunProblem[] {
  return parameters.flatMap((parameter): readonly RunProblem[] => {
    const expressions = expressionsOf(parameter.initializer);
    if (given.has(parameter.name) || expressions.length === 0) return [];
    const value = initializeTensor(parameter, seed).find((entry) => !Number.isFinite(entry));
    if (value === undefined) return [];
    const layer = model.findIndex(({ name }) => parameter.name.startsWith(`${name}/`));
    return [
      {
        code: "initial-values",
        path: `/model/${layer}`,
        message: `The initial values of ${parameter.name} are not finite: ${expressions.map(textOf).join(", ")} gives ${value}.`,
        hint: "Change the options of the cell or layer that the expression reads, or its initializer.",
      },
    ];
  });
}

function expressionsOf(initializer: Initializer): readonly InitialExpression[] {
  if (initializer.type === "expression") return [initializer.expression];
  if (initializer.type !== "slices") return [];
  return [initializer.base, ...initializer.slices.map((slice) => slice.initializer)].flatMap(expressionsOf);
}

/** The expression with the numbers of its options. */
function textOf(expression: InitialExpression): string {
  if (typeof expression === "number") return `${Number(expression.toPrecision(6))}`;
  if (expression.op === "index") return "index";
  if ("a" in expression) return `${expression.op}(${textOf(expression.a)}, ${textOf(expression.b)})`;
  const texts = expression.args.map(textOf);
  const operand = (index: number) => (hasOperator(expression.args[index]) ? `(${texts[index]})` : texts[index]);
  if (expression.op === "negate") return `-${operand(0)}`;
  return /^\w/.test(expression.op)
    ? `${expression.op}(${texts.join(", ")})`
    : `${operand(0)} ${expression.op} ${operand(1)}`;
}

const hasOperator = (expression: InitialExpression | undefined) =>
  typeof expression === "object" && "args" in expression && (expression.op === "negate" || /^\W/.test(expression.op));
