/** Choices of a request: the trained output of the model, and the stored tensors that its patterns name. */
import { formatCount } from "../../schema/counts.js";
import type { Problem } from "../../schema/diagnostics/index.js";
import { suggestion } from "../../schema/diagnostics/suggest.js";
import { matchesPattern } from "../../schema/kinds/parameter-patterns.js";
import type { ImportedModel, WeightInput } from "../importer/index.js";
import { isFloat } from "../ir/float16.js";
import type { Value } from "../ir/types.js";
import { publicName } from "./names.js";

export const isTrainable = ({ isFrozen }: WeightInput): boolean => !isFrozen;

export function chooseOutput(
  { outputs, refused }: ImportedModel,
  wanted: string | undefined,
): { readonly output: Value; readonly name: string } | { readonly problem: Problem } {
  const names = outputs.map(({ name }) => name);
  const problem = (code: string, message: string, hint: string) => ({ problem: { code, path: "", message, hint } });
  const floats = outputs.filter(({ value }) => value === undefined || isFloat(value.type.dtype));
  const found =
    wanted === undefined ? (floats.length === 1 ? floats[0] : undefined) : outputs.find(({ name }) => name === wanted);
  if (wanted === undefined && floats.length === 0) {
    const text = names.length === 0 ? "no output" : `no output of floating-point numbers: ${names.join(", ")}`;
    return problem("output", `The model has ${text}.`, "Only such an output has a gradient.");
  }
  if (found === undefined)
    return wanted === undefined
      ? problem(
          "output",
          `The model has several outputs: ${names.join(", ")}.`,
          `Name one: --output ${floats[0]?.name ?? "NAME"}.`,
        )
      : problem("output", `The model has no output ${wanted}.`, suggestion(wanted, names, "Its outputs"));
  if (found.value !== undefined) return { output: found.value, name: found.name };
  const [first, ...others] = refused;
  const more =
    others.length === 0
      ? ""
      : ` ${formatCount(others.length, "more node")} ${others.length === 1 ? "is" : "are"} refused.`;
  return problem(
    "operator",
    `The output ${found.name} depends on ${first?.node} (${first?.operator}), which ${first?.reason}.${more}`,
    first?.hint || "rnnx inspect lists the nodes without a rule.",
  );
}

/** The problem of a pattern that no stored tensor has. */
export function unmatchedPattern({ weights }: ImportedModel, patterns: readonly string[]): Problem | undefined {
  const names = weights.filter(isTrainable).map(({ name }) => name);
  const unmatched = patterns.find((pattern) => !names.some((name) => matchesPattern(pattern, name)));
  if (unmatched === undefined) return undefined;
  return {
    code: "parameter-pattern",
    path: "",
    message: `No parameter of the model is named "${unmatched}".`,
    hint: suggestion(unmatched, names, "Its parameters"),
  };
}

/** The problem of the option for batch normalization where the model has none. */
export function idleBatchNorm({ nodes }: ImportedModel, batchNorm: "inference" | "training"): Problem | undefined {
  if (batchNorm === "inference" || nodes.some(({ operator }) => operator === "BatchNormalization")) return undefined;
  return {
    code: "batch-norm",
    path: "",
    message: "--batch-norm training has no effect: the model has no BatchNormalization.",
    hint: "Remove the option. Exporters merge batch normalization into other weights, unless they export the model in training mode.",
  };
}

/** Names of tensors with infinite numbers, such as masks. */
export function infiniteTensors({ weights }: ImportedModel): readonly string[] {
  const isInfinite = (entry: number) => entry === Number.POSITIVE_INFINITY || entry === Number.NEGATIVE_INFINITY;
  return weights.flatMap(({ name, values }) => (values().some(isInfinite) ? [name] : []));
}

/** The problem of a tensor that is not a number somewhere. @param read public names of the tensors that a step reads. */
export function damagedTensor({ weights }: ImportedModel, read: ReadonlySet<string>): Problem | undefined {
  for (const { name, values } of weights) {
    const count = read.has(publicName(name))
      ? values().reduce((sum, entry) => sum + Number(Number.isNaN(entry)), 0)
      : 0;
    if (count === 0) continue;
    return {
      code: "weights",
      path: "",
      message: `The tensor ${name} has ${formatCount(count, "entry", "entries")} that ${count === 1 ? "is" : "are"} no number (NaN).`,
      hint: "Export the model again from weights that are finite.",
    };
  }
  return undefined;
}
