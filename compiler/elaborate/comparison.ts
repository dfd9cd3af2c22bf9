/** Equations that compare outputs y with targets t, those of losses and of metrics: checked and built in their scope. */
import type { Problem, Report } from "../../schema/diagnostics/index.js";
import { quote } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import type { CellOption, EquationDefinition, LossOption, NormalLossDefinition } from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Shape, Value } from "../ir/types.js";
import { analyze } from "../language/analyze.js";
import { buildEquations, outputOf } from "../language/build.js";
import { checkInScope } from "../language/check/index.js";
import { checkUnused } from "../language/check/unused.js";
import type { ExpressionType } from "../language/expression-type.js";
import { withClasses } from "../language/functions/classes.js";
import type { FunctionTable } from "../language/functions/function.js";
import { type Dependence, dependence } from "../language/infer/dependence.js";
import { resolveDefinition } from "../language/resolve.js";
import { comparisonScope, type Scope } from "../language/scope.js";
import type { Context } from "./context.js";

type Definition = Pick<NormalLossDefinition, "description" | "options" | "equations" | "variants" | "scope"> &
  Partial<Pick<NormalLossDefinition, "target" | "output_size">>;

/** The use of a definition. */
export interface Comparison {
  /** The name that the equations set. */
  readonly kind: "loss" | "metric";
  /** The name of a loss, or of a metric of the spec. */
  readonly name?: string;
  /** True for a definition of the spec. */
  readonly isOwn?: boolean;
  readonly definition: Definition;
  readonly options: Readonly<Record<string, LossOption>>;
  /** The JSON pointer of the definition. */
  readonly path: string;
}

/** Numbers by their names in the equations. */
export type ComparisonSizes = Readonly<Record<"output_size" | "target_size", number>>;

export interface ComparisonResult {
  /** [..., entries]; in the scope of the batch [1, 1]. */
  readonly value: Value;
  /** The equations of the options. */
  readonly equations: readonly string[];
  readonly dependence: Dependence;
}

/**
 * The value of the equations; undefined after a reported problem.
 *
 * @param operands by their names in the equations: [time, batch, …] or [batch, …]; in the scope of the batch [rows, …]. An
 * option that is a list may be one of them, [size]; else it is a constant.
 */
export function elaborateComparison(
  use: Comparison,
  operands: Readonly<Record<string, Value>>,
  sizes: ComparisonSizes,
  { b, functions, report: reportProblem }: Pick<Context, "b" | "functions" | "report">,
): ComparisonResult | undefined {
  const { kind, path, definition } = use;
  const shapes = mapRecord(operands, ({ type }) => type.shape);
  const isOfBatch = definition.scope === "batch";
  const batch = isOfBatch ? [] : (shapes.y ?? []).slice(0, -1);
  const report: Report = (problem) => reportProblem({ ...problem, hint: problem.hint || hintFor(shapes, isOfBatch) });
  const scalars = Object.entries(use.options).filter((entry): entry is [string, CellOption] => !isList(entry[1]));
  const resolved = resolveDefinition(
    equationsOf(use),
    Object.fromEntries(scalars),
    withClasses(functions, sizes.output_size),
    kind,
  );
  const { equations, shapes: inferred } = analyze(resolved, openScope(use, shapes, sizes), path, report);
  if (equations === undefined || inferred === undefined || inferred.isUndecided) return undefined;
  // A loss is checked for all sizes before.
  if (kind === "metric") checkUnused(equationsOf(use), [{ resolved, equations }], path, report);
  if (kind === "metric") for (const problem of unreadLists(use)) report(problem);
  const dependent = dependence(equations, "y");
  if (dependent.indices.has("t") && (definition.target ?? "class") !== "class") {
    const message = `gather reads t as an index, but the targets are ${definition.target}, not classes`;
    const hint =
      kind === "metric" || use.name === undefined
        ? 'Use a loss whose "target" is "class".'
        : `Add "target": "class" to losses.${use.name}.`;
    report({ code: "needs-classes", path: `${path}/equations`, message, hint });
    return undefined;
  }
  const constant = constantProblem(kind, dependent);
  if (constant !== undefined) {
    report({ ...constant, code: "constant-result", path: `${path}/equations` });
    return undefined;
  }
  if (isOfBatch && inferred.output.at(-1) !== 1) {
    const message = `the ${kind} of the batch has ${inferred.output.at(-1)} entries, not one`;
    report({ code: "shape-mismatch", path: `${path}/equations`, message, hint: `Reduce it: "sum(a)" or "mean(a)".` });
    return undefined;
  }
  const lists = listOptions(use).map(
    ([name, values]) => [name, operands[name] ?? b.constant(tensor("float32", [values.length], values))] as const,
  );
  const own = use.isOwn && use.name !== undefined ? { own: { kind, name: use.name } } : {};
  const sound = { definition: resolved, equations, shapes: inferred, batchAxes: batch.length, ...own };
  const names = buildEquations(b, sound, { ...operands, ...Object.fromEntries(lists) });
  return { value: outputOf(b, sound, names), equations: resolved.equations, dependence: dependent };
}

/** The message and the hint for a result that training cannot change. */
function constantProblem(kind: Comparison["kind"], { dependent, differentiable }: Dependence) {
  if (!dependent.has(kind))
    return {
      message: `${kind} does not depend on y, the outputs of the model`,
      hint: "Read y in an equation that leads to it.",
    };
  if (kind === "metric" || differentiable.has(kind)) return undefined;
  return {
    message: "the derivative of loss is 0 everywhere: it reads y in comparisons or step functions only",
    hint: "Replace the comparison, sign, floor, one_hot or argmax by a function with a derivative.",
  };
}

function hintFor({ y = [], t = [] }: Readonly<Record<string, Shape>>, isOfBatch: boolean): string {
  if (isOfBatch) return `Here y is [rows, ${y.at(-1)}] and t [rows, ${t.at(-1)}].`;
  return `Here y is [${y.at(-1)}] and t [${t.at(-1)}], for each row.`;
}

/** Numbers of targets, and of classes: one with many divisors, and 1. A definition is sound where it fits one of them. */
const exampleSizes = [5040, 1];

/**
 * Reports the problems that a definition has for all sizes. True without one.
 *
 * @param outputSize the number of outputs for a number of targets.
 */
export function checkComparison(
  use: Comparison,
  outputSize: (targetSize: number) => number,
  functions: FunctionTable,
  report: Report,
): boolean {
  let problems: Problem[] = [];
  for (const size of exampleSizes) {
    problems = [];
    const [outputs, targets] = [outputSize(size), isOfClasses(use) ? 1 : size];
    const column = ["batch", 1];
    const shapes: Record<string, Shape> = { y: ["batch", outputs], t: ["batch", targets] };
    if (use.definition.scope === "batch") Object.assign(shapes, { index: column, valid: column });
    const open = () => openScope(use, shapes, { output_size: outputs, target_size: targets });
    const table = withClasses(functions, outputs);
    // An option may be that of the number of outputs alone.
    const collect: Report = (problem) => {
      const isSize = readsName(use.definition.output_size, problem.path.slice(`${use.path}/options/`.length));
      if (problem.code !== "unused-option" || !isSize) problems.push(problem);
    };
    checkInScope(equationsOf(use), use.kind, table, open, use.path, collect);
    problems.push(...unreadLists(use));
    if (problems.length === 0) return true;
  }
  for (const problem of problems) report(problem);
  return false;
}

function isOfClasses({ definition }: Comparison): boolean {
  return definition.target === "class";
}

/** True for a text that has a name, or the size of the list of that name. */
function readsName(text: unknown, name: string): boolean {
  return new RegExp(`\\b${name}(_size)?\\b`).test(JSON.stringify(text ?? ""));
}

function unreadLists(use: Comparison): readonly Problem[] {
  const { equations, variants, output_size: outputSize } = use.definition;
  return listOptions(use).flatMap(([name]) =>
    readsName([equations, variants, outputSize], name)
      ? []
      : [
          {
            code: "unused-option",
            path: child(`${use.path}/options`, name),
            message: `nothing depends on the option ${quote(name)}`,
            hint: "Remove it, or read it in an equation.",
            atKey: true,
          },
        ],
  );
}

/** @param shapes those of the operands. */
function openScope(use: Comparison, shapes: Readonly<Record<string, Shape>>, sizes: ComparisonSizes): Scope {
  const isOfBatch = use.definition.scope === "batch";
  const tensor = (shape: Shape, isBatched: boolean): ExpressionType => ({ kind: "tensor", shape, isBatched });
  const numbers = Object.entries({ ...sizes, ...listSizes(use) });
  const inputs = {
    ...mapRecord(shapes, (shape) => tensor(shape, !isOfBatch)),
    ...Object.fromEntries(numbers.map(([name, value]) => [name, { kind: "number", value } as const])),
    ...Object.fromEntries(listOptions(use).map(([name, { length }]) => [name, tensor([length], false)])),
  };
  const batch = isOfBatch ? [] : expectDefined(shapes.y, "y").slice(0, -1);
  const scope = comparisonScope(batch, inputs);
  return isOfBatch ? { ...scope, outputAxes: [1] } : scope;
}

/** A definition as that of a cell without states and parameters. Lists are no options of it: they are in its scope. */
function equationsOf(use: Comparison): EquationDefinition {
  const { description, equations, variants } = use.definition;
  const lists = new Set(listOptions(use).map(([name]) => name));
  const scalars = Object.entries(use.definition.options).filter(
    (entry): entry is [string, CellOption] => !lists.has(entry[0]) && !isList(entry[1]),
  );
  const none = { state: {}, parameters: {}, initializers: {}, onnx: null };
  return {
    ...none,
    description,
    options: Object.fromEntries(scalars),
    equations,
    output: use.kind,
    variants: mapRecord(variants, (values) =>
      mapRecord(values, (variant) => ({ ...none, equations: variant.equations, output: null })),
    ),
  };
}

/** The options of a use whose values are lists. */
export function listOptions({ definition, options }: Comparison): readonly (readonly [string, readonly number[]])[] {
  return Object.entries({ ...definition.options, ...options }).flatMap(([name, value]) =>
    isList(value) && Object.hasOwn(definition.options, name) ? [[name, value] as const] : [],
  );
}

/** The sizes of lists: `levels_size` of the option `levels`. */
export function listSizes(use: Comparison): Readonly<Record<string, number>> {
  return Object.fromEntries(listOptions(use).map(([name, { length }]) => [`${name}_size`, length]));
}

function isList(value: LossOption): value is readonly number[] {
  return Array.isArray(value);
}

function mapRecord<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
