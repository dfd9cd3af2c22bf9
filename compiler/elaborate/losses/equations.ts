/** Losses of equations: those of a spec, and the built-in ones of specs/losses. */
import { builtInLoss } from "../../../schema/built-in.js";
import { formatCount } from "../../../schema/counts.js";
import type { Report } from "../../../schema/diagnostics/index.js";
import { definition as schemaOf } from "../../../schema/json-schema.js";
import { lossName, targetKindOf } from "../../../schema/kinds/losses.js";
import type { LossOption, NormalLoss, NormalLossDefinition } from "../../../schema/normal/index.js";
import { fillDefaults } from "../../../schema/normalize/fill.js";
import { mulDims } from "../../ir/dims.js";
import { expectDefined } from "../../ir/expect.js";
import type { Value } from "../../ir/types.js";
import { resolveSize } from "../../language/size-expression.js";
import { shapesAgree } from "../compare-sizes.js";
import { type Comparison, checkComparison, elaborateComparison, listSizes } from "../comparison.js";
import type { Context } from "../context.js";
import { padWithFirstStep, width } from "../wire.js";
import { classWeightsFor, idTargets, logitsFor } from "./class-targets.js";
import { type LossDefinition, type LossOperands, type LossValue, reduceEntries, regressionTargets } from "./loss.js";

/** A use of a definition; a loss of the user's own is checked. */
export interface LossUse extends Comparison {
  readonly definition: NormalLossDefinition;
  readonly isOwn: boolean;
}

export const equationLoss: LossDefinition<NormalLoss> = {
  elaborate(loss, operands, context) {
    const use = lossUse(loss, context);
    const { definition, isOwn } = use;
    if (isOwn && !checkUse(use, context)) return undefined;
    const compared = comparedOperands(loss, use, operands, context);
    if (compared === undefined) return undefined;
    return definition.scope === "row"
      ? rowLoss(loss, use, compared, operands, context)
      : batchLoss(loss, use, compared, operands, context);
  },
};

/** The definition of a loss with the options of its use. */
export function lossUse(loss: NormalLoss, context: Pick<Context, "pathOf">): LossUse {
  if (loss.type === "custom") {
    const { name, definition, options } = loss;
    return { kind: "loss", name, definition, options, path: context.pathOf(definition), isOwn: true };
  }
  const definition = builtInDefinition(loss.type);
  const given: Readonly<Record<string, unknown>> = { ...loss };
  const options = Object.fromEntries(Object.keys(definition.options).map((name) => [name, given[name] as LossOption]));
  return { kind: "loss", name: loss.type, definition, options, path: context.pathOf(loss), isOwn: false };
}

const definitions = new Map<string, NormalLossDefinition>();

/** The definition of a file of specs/losses. */
export function builtInDefinition(name: string): NormalLossDefinition {
  const found = definitions.get(name);
  if (found !== undefined) return found;
  const file = expectDefined(builtInLoss(name), `specs/losses/${name}.json`);
  const filled = fillDefaults<NormalLossDefinition>(file, schemaOf("loss_definition"), "", (part) => part);
  definitions.set(name, filled);
  return filled;
}

/** The problems of a definition that it has with all sizes. */
function checkUse(use: LossUse, context: Context): boolean {
  const outputSize = (targets: number) => {
    const { output_size: size, target } = use.definition;
    const resolved =
      size === null || size === "any" ? targets : resolveOutputSize(use, target === "class" ? 1 : targets, () => {});
    return resolved ?? targets;
  };
  return checkComparison(use, outputSize, context.functions, context.report);
}

/** The number of outputs that a definition states; undefined after a reported problem. */
function resolveOutputSize(use: LossUse, targetSize: number, report: Report): number | undefined {
  const numbers = Object.entries({ ...use.definition.options, ...use.options }).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  const names = new Map([...numbers, ...Object.entries(listSizes(use)), ["target_size", targetSize] as const]);
  const size = resolveSize(use.definition.output_size ?? targetSize, names, `${use.path}/output_size`, report);
  return size === undefined ? undefined : Number(size);
}

/**
 * The number of targets that a loss compares with a number of outputs; undefined where it compares them with none.
 * Distributions and quantiles have several outputs for each target.
 */
export function targetSizeOf(loss: NormalLoss, outputs: number): number | undefined {
  if (loss.type !== "custom" && builtInLoss(loss.type) === undefined) return outputs;
  const use = lossUse(loss, { pathOf: () => "" });
  if (use.definition.output_size === null || use.definition.output_size === "any") return outputs;
  const perTarget = resolveOutputSize(use, 1, () => {}) ?? 1;
  const targets = outputs / perTarget;
  return Number.isInteger(targets) && resolveOutputSize(use, targets, () => {}) === outputs ? targets : undefined;
}

interface Compared {
  /** [..., outputs]: logits for targets that are classes or probabilities. */
  readonly y: Value;
  /** [..., targets]; a class is a number. */
  readonly t: Value;
  /** Class ids [...], int64; null for other targets. */
  readonly ids: Value | null;
}

/** The outputs and the targets, of shapes that fit; undefined after a reported problem, or for unknown sizes. */
function comparedOperands(
  loss: NormalLoss,
  use: LossUse,
  operands: LossOperands,
  context: Context,
): Compared | undefined {
  const { b } = context;
  const kind = targetKindOf(loss);
  const isOfFeatures = use.definition.output_size !== null;
  const link = kind === "probabilities" ? "sigmoid" : kind === "classes" && !isOfFeatures ? "softmax" : null;
  const y = link === null ? operands.wire.value : logitsFor(loss, link, operands, context);
  if (y === undefined) return undefined;
  if (kind === "classes") {
    const ids = idTargets(loss, y, operands, context);
    if (ids === undefined) return undefined;
    const t = b.unsqueeze(b.cast(ids, "float32"), [ids.type.shape.length]);
    return fitsOutputSize(loss, use, y, 1, context) ? { y, t, ids } : undefined;
  }
  const t =
    use.definition.output_size === null
      ? regressionTargets(loss, operands, context)
      : numberTargets(loss, operands, context);
  if (t === undefined) return undefined;
  const targetSize = width({ value: t });
  if (typeof targetSize !== "number" || !fitsOutputSize(loss, use, y, targetSize, context)) return undefined;
  return { y, t, ids: null };
}

/** Targets of another width than the outputs: those of the same rows. */
function numberTargets(loss: NormalLoss, operands: LossOperands, context: Context): Value | undefined {
  const { wire, targets } = operands;
  const { shape } = targets.type;
  const leading = wire.value.type.shape.slice(0, -1);
  const isFlat = shape.length === leading.length;
  const rows = isFlat ? shape : shape.slice(0, -1);
  if (targets.type.dtype !== "float32" || shapesAgree(rows, leading) === false)
    return regressionTargets(loss, operands, context);
  return isFlat ? context.b.unsqueeze(targets, [shape.length]) : targets;
}

/** True where the model has the outputs that the definition states. A size that the data defines may be equal. */
function fitsOutputSize(loss: NormalLoss, use: LossUse, y: Value, targetSize: number, context: Context): boolean {
  const outputs = width({ value: y });
  const { output_size: size } = use.definition;
  if (size === null || size === "any" || typeof outputs !== "number") return true;
  const expected = resolveOutputSize(use, targetSize, context.report);
  if (expected === undefined || expected === outputs) return expected !== undefined;
  const forTargets = targetKindOf(loss) === "classes" ? "" : ` for ${formatCount(targetSize, "target")}`;
  context.problem({
    part: loss,
    key: "type",
    code: "output-size",
    message: `${lossName(loss)} reads ${formatCount(expected, "output")}${forTargets}, but the model has ${outputs}.`,
    hint: `Set the last layer's size to ${expected}.`,
  });
  return false;
}

function sizesOf({ y, t }: Compared): { readonly output_size: number; readonly target_size: number } | undefined {
  const [outputs, targets] = [width({ value: y }), width({ value: t })];
  if (typeof outputs !== "number" || typeof targets !== "number") return undefined;
  return { output_size: outputs, target_size: targets };
}

/** The mean or sum over the entries of the equations, which hold for each row. */
function rowLoss(
  loss: NormalLoss,
  use: LossUse,
  compared: Compared,
  operands: LossOperands,
  context: Context,
): LossValue | undefined {
  const { b } = context;
  const { wire } = operands;
  const sizes = sizesOf(compared);
  if (sizes === undefined) return undefined;
  // The equations of a spec may have no finite gradient at the zeros past the lengths.
  const pad = (value: Value) => (use.isOwn && wire.sequence ? padWithFirstStep(b, value, wire.mask) : value);
  const { y, t } = { y: pad(compared.y), t: pad(compared.t) };
  const result = elaborateComparison(use, { y, t }, sizes, context);
  const weights = classFactors(loss, use, compared, context);
  if (result === undefined || weights === undefined) return undefined;
  const entries = weights === null ? result.value : b.mul(result.value, weights);
  return reduceEntries(b, entries, operands, "reduction" in loss ? loss.reduction : "mean");
}

/** The weight of each row's class, [..., 1]; null without weights. */
function classFactors(
  loss: NormalLoss,
  { definition }: LossUse,
  { y, ids }: Compared,
  context: Context,
): Value | null | undefined {
  if (!("class_weights" in loss) || loss.class_weights === null) return null;
  if (ids === null || definition.scope === "batch")
    return context.problem({
      part: loss,
      key: "class_weights",
      code: "class-weights",
      message:
        ids === null
          ? `${lossName(loss)} has no classes: its targets are ${definition.target}.`
          : `${lossName(loss)} is one number for all rows, which weights of classes cannot multiply.`,
      hint: 'Remove "class_weights".',
    });
  const weights = classWeightsFor(loss, y, context);
  if (weights === undefined || weights === null) return weights;
  return context.b.unsqueeze(context.b.gather(weights, ids, 0), [ids.type.shape.length]);
}

/** The value of equations that hold for all rows at once. */
function batchLoss(
  loss: NormalLoss,
  use: LossUse,
  compared: Compared,
  operands: LossOperands,
  context: Context,
): LossValue | undefined {
  const { b, problem } = context;
  const { mask, weights } = operands;
  const name = lossName(loss);
  const sizes = sizesOf(compared);
  if (classFactors(loss, use, compared, context) === undefined) return undefined;
  if ("reduction" in loss && loss.reduction !== "mean")
    return problem({
      part: loss,
      key: "reduction",
      code: "reduction",
      message: `${name} is one number for the batch, so its reduction is always "mean".`,
      hint: 'Remove "reduction".',
    });
  if (weights !== null)
    return problem({
      part: loss,
      key: "type",
      code: "step-weights",
      message: `${name} compares the rows of a batch, so the data cannot have weights of rows.`,
      hint: "Remove the weights from the data.",
    });
  if (sizes === undefined) return undefined;
  const rows = compared.y.type.shape.slice(0, -1).reduce(mulDims, 1);
  const asRows = (value: Value, columns: number) => b.reshape(value, [rows, columns]);
  const y = asRows(compared.y, sizes.output_size);
  const t = asRows(compared.t, sizes.target_size);
  const ones = () => b.expand(b.scalar(1), [rows, 1]);
  const valid = mask === null ? ones() : asRows(mask, 1);
  const index = b.unsqueeze(b.cast(b.range(rows), "float32"), [1]);
  const result = elaborateComparison(use, { y, t, valid, index }, sizes, context);
  if (result === undefined) return undefined;
  if (mask !== null && !result.dependence.read.has("valid"))
    return problem({
      part: loss,
      key: "type",
      code: "unread-valid",
      message: `The sequences have lengths, but the equations of ${name} do not read "valid", which is 0 past them.`,
      hint: 'Multiply by it, for example "sum(valid * a, -2) / sum(valid, -2)".',
    });
  const value = b.reshape(result.value, []);
  const count = b.max(b.sum(valid), 1);
  return { value, total: b.mul(value, count), count, countUnit: "rows", batching: "indivisible", perStep: null };
}
