/** Explanation of a loss or a metric: equations, the gradient with respect to the outputs y, and the source. */
import { builtInMetric } from "../../schema/built-in.js";
import { definition as schemaOf } from "../../schema/json-schema.js";
import { lossName, targetKindOf } from "../../schema/kinds/losses.js";
import { metricName } from "../../schema/kinds/metrics.js";
import { metricsOf } from "../../schema/kinds/reported-metrics.js";
import type { LossOption, NormalLoss, NormalMetric, NormalSpec } from "../../schema/normal/index.js";
import { type Comparison, elaborateComparison, listOptions } from "../elaborate/comparison.js";
import { lossUse } from "../elaborate/losses/equations.js";
import { isOfEquations } from "../elaborate/losses/index.js";
import { graphBuilder } from "../graph/builder.js";
import type { Shape } from "../ir/types.js";
import type { FunctionTable } from "../language/functions/function.js";
import type { PassContext } from "../optimize/pass.js";
import { type Signature, targetArrays } from "../signature.js";
import type { Analysis } from "./analyze.js";
import { gradientEquations } from "./gradient-equations.js";

export interface ComparisonExplanation {
  readonly kind: "loss" | "metric";
  readonly name: string;
  /** The layer whose output is y. */
  readonly from: string;
  readonly sizes: Readonly<Record<"output_size" | "target_size", number>>;
  readonly options: Readonly<Record<string, LossOption>>;
  /** Those of the options, in the language; of one in code its equation in mathematical notation. */
  readonly equations: readonly string[];
  /** The mean of the entries of a metric of equations: `mean`, `root_mean` or `exp_mean`; null for others. */
  readonly reduce: string | null;
  /** From the cotangent of a loss to that of y; empty for a metric, and for one in code. */
  readonly gradient: readonly string[];
  readonly source: string;
}

/** The losses or the metrics of a name, of each output; empty for another name. `loss` is that of every loss. */
export function explainComparisons(
  spec: NormalSpec,
  signature: Signature,
  { layers }: Pick<Analysis, "layers">,
  functions: FunctionTable,
  context: PassContext,
  name: string,
): readonly ComparisonExplanation[] {
  const facts = (read: NormalLoss, own: (sizes: ComparisonExplanation["sizes"]) => OwnFacts) => {
    const sizes = {
      output_size: Number(layers.find((layer) => layer.name === read.from)?.output.at(-1) ?? 1),
      target_size: targetSize(read, signature),
    };
    return { from: read.from, sizes, ...own(sizes) };
  };
  const losses = spec.losses.filter((loss) => name === "loss" || lossName(loss) === name);
  if (losses.length > 0)
    return losses.map((loss) => facts(loss, (sizes) => lossFacts(loss, sizes, functions, context)));
  return metricsOf(spec)
    .filter((metric) => metricName(metric) === name || metric.type === name)
    .flatMap((metric) => {
      const read = spec.losses.find(({ from }) => from === metric.output) ?? spec.losses[0];
      return read === undefined ? [] : [facts(read, () => metricFacts(metric))];
    });
}

function targetSize(loss: NormalLoss, signature: Signature): number {
  const array = targetArrays(signature).get(loss.target);
  if (array === undefined || targetKindOf(loss) === "classes") return 1;
  const size = array.shape.at(-1);
  return typeof size === "number" ? size : 1;
}

type OwnFacts = Omit<ComparisonExplanation, "from" | "sizes">;

function lossFacts(
  loss: NormalLoss,
  sizes: ComparisonExplanation["sizes"],
  functions: FunctionTable,
  context: PassContext,
): OwnFacts {
  const shared = { kind: "loss", name: lossName(loss), reduce: null } as const;
  if (!isOfEquations(loss.type) && loss.type !== "binary_cross_entropy")
    return { ...shared, options: {}, ...codedFacts(schemaOf(loss.type)) };
  const use = lossUse(loss, { pathOf: () => "" });
  return {
    ...shared,
    options: { ...use.definition.options, ...use.options },
    ...elaborated(use, sizes, functions, context),
    source: loss.type === "custom" ? "the spec" : `specs/losses/${loss.type}.json`,
  };
}

/** The equations, and the gradient of the entries of a row; of a loss of the whole batch that of its value. */
function elaborated(
  use: Comparison,
  sizes: ComparisonExplanation["sizes"],
  functions: FunctionTable,
  context: PassContext,
): Pick<ComparisonExplanation, "equations" | "gradient"> {
  const b = graphBuilder("loss");
  const isOfBatch = use.definition.scope === "batch";
  const input = (name: string, shape: Shape) => b.input(name, { dtype: "float32", shape });
  const open = (name: string, size: number) => input(name, [isOfBatch ? "rows" : "batch", size]);
  const y = open("y", sizes.output_size);
  const operands = {
    y,
    t: open("t", sizes.target_size),
    ...(isOfBatch && { valid: open("valid", 1), index: open("index", 1) }),
    ...Object.fromEntries(listOptions(use).map(([name, { length }]) => [name, input(name, [length])])),
  };
  const result = elaborateComparison(use, operands, sizes, { b, functions, report: () => {} });
  if (result === undefined) return { equations: use.definition.equations, gradient: [] };
  const gradient = gradientEquations(b, [{ value: result.value, name: "dloss" }], 1, context);
  return { equations: result.equations, gradient };
}

function metricFacts(metric: NormalMetric): OwnFacts {
  const shared = { kind: "metric", name: metricName(metric), options: {}, gradient: [] } as const;
  if (metric.type === "custom") {
    const { equations, reduce, options } = metric;
    return { ...shared, options, equations, reduce, source: "the spec" };
  }
  const file = builtInMetric(metric.type) as { equations: readonly string[]; reduce?: string } | undefined;
  if (file === undefined) return { ...shared, ...codedFacts(schemaOf(`metric_${metric.type}`)) };
  const { equations, reduce = "mean" } = file;
  return { ...shared, equations, reduce, source: `specs/metrics/${metric.type}.json` };
}

function codedFacts({ description = "", "x-equation": equation }: ReturnType<typeof schemaOf>) {
  return { equations: [equation ?? description], gradient: [], reduce: null, source: "code of the compiler" };
}
