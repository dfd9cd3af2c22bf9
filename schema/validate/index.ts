/** Validation of a JSON value as a spec: against the schema, and against the cells that it uses. */
import { withoutActivationOptions } from "../activation-uses.js";
import { expandCustomLayers } from "../custom-layers.js";
import { ownLosses, withoutLossDefinitions } from "../custom-losses.js";
import { expandCustomOptimizer, ownNames as namesOf, optimizerKind, scheduleKind } from "../custom-optimizers.js";
import type { Problem } from "../diagnostics/index.js";
import { isObject, type Json, type JsonObject } from "../json-pointer.js";
import { metricPath, withMetricList } from "../own-metrics.js";
import { checkActivations } from "./activations.js";
import { checkArrays, checkSize, withoutArrays } from "./arrays.js";
import { checkCells } from "./cells.js";
import { checkCustomLayers, withLayersHint } from "./custom-layers.js";
import { checkCustomLosses, withLossHint } from "./custom-losses.js";
import { checkCustomOptimizers } from "./custom-optimizers.js";
import { deduplicate } from "./deduplicate.js";
import { checkOwnMetrics } from "./own-metrics.js";
import { explainErrors, type OwnNames, type SchemaError } from "./schema-errors.js";

/** More problems are not reported. */
const maxProblems = 100;

/** The validator that compile-validator.mjs generates from the schemas, loaded once. */
let validator: Promise<typeof import("#spec-validator")> | undefined;

/** All problems of a value against the schema. With none the value is a `Spec`. */
export async function validate(value: Json): Promise<readonly Problem[]> {
  const reduced = withoutArrays(isObject(value) ? withoutOwnOptions(value) : value);
  const sizeProblems = checkSize(reduced);
  if (sizeProblems.length > 0) return deduplicate(sizeProblems);
  validator ??= import("#spec-validator");
  const { default: accepts } = await validator;
  const schemaProblems = accepts(reduced)
    ? []
    : explainErrors(placedErrors(accepts.errors ?? [], value), ownNames(value));
  const problems = deduplicate([
    ...withLossHint(withLayersHint(schemaProblems, value), value),
    ...checkArrays(value),
    ...checkActivations(value),
    ...checkCells(value),
    ...checkCustomLayers(value),
    ...checkCustomLosses(value),
    ...checkCustomOptimizers(value),
    ...checkOwnMetrics(value),
  ]);
  if (problems.length <= maxProblems) return problems;
  const message = `More than ${maxProblems} problems; the rest are not shown.`;
  return [...problems.slice(0, maxProblems), { code: "too-many-problems", path: "", message }];
}

/** The spec in its long forms, without the options of the user's own kinds, which are checked apart. */
function withoutOwnOptions(spec: JsonObject): JsonObject {
  const layers = withoutActivationOptions(expandCustomLayers(spec, false));
  return withMetricList(withoutLossDefinitions(expandCustomOptimizer(layers, false)));
}

/** Errors at their paths in the spec, whose metrics may be an object. */
function placedErrors(errors: readonly SchemaError[], value: Json): readonly SchemaError[] {
  if (!isObject(value) || !isObject(value.metrics)) return errors;
  return errors.map((error) => ({ ...error, instancePath: metricPath(error.instancePath, value) }));
}

/** Names of the user's own kinds, by the title of the union that they extend. */
function ownNames(value: Json): OwnNames {
  if (!isObject(value)) return {};
  return {
    layer: isObject(value.layers) ? Object.keys(value.layers) : [],
    loss: Object.keys(ownLosses(value)),
    optimizer: namesOf(optimizerKind, value),
    schedule: namesOf(scheduleKind, value),
  };
}
