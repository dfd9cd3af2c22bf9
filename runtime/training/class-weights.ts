/** The weights of classes as numbers by class id, and the notice which class has which. */
import { classesSize } from "../../compiler/signature.js";
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import { type ClassWeights, classWeightsOf, isWeightsList } from "../../schema/kinds/class-weights.js";
import { type ModelOutput, outputsOf, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { readExamples } from "../data/batching/read-examples.js";
import { idNamesFor, type Metadata } from "../data/metadata.js";
import type { DataSource } from "../data/source.js";
import { formatCount, listFirst } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";

export interface WeightedSpec {
  /** All class weights are lists. */
  readonly spec: NormalSpec;
  readonly notices: readonly string[];
}

/** Makes class weights lists by the classes of the data, and by the targets of its training split. */
export function resolveClassWeights(spec: NormalSpec, source: DataSource): Result<WeightedSpec> {
  const problems: RunProblem[] = [];
  const notices: string[] = [];
  const losses = outputsOf(spec).map((output) => {
    const { loss, name, prefix } = output;
    const weights = classWeightsOf(loss);
    if (weights === null) return loss;
    const of = prefix === "" ? "" : ` of the output ${name}`;
    const resolved = resolve(weights, output, spec, source);
    if (!resolved.ok) {
      problems.push(...resolved.error);
      return loss;
    }
    const { list, counts } = resolved.value;
    const text = weightsText(list, counts, targetPort(loss.target), source.metadata);
    notices.push(`${counts === null ? "Weights" : "Balanced weights"} of the classes${of}: ${text}.`);
    return isWeightsList(weights) ? loss : { ...loss, class_weights: list };
  });
  if (problems.length > 0) return fail(problems);
  const isChanged = losses.some((loss, index) => loss !== spec.losses[index]);
  return ok({ spec: isChanged ? { ...spec, losses } : spec, notices });
}

interface ResolvedWeights {
  readonly list: readonly number[];
  /** Targets of each class in the training split, where they define the weights. */
  readonly counts: readonly number[] | null;
}

function resolve(
  weights: NonNullable<ClassWeights>,
  { loss, name: layerName }: ModelOutput,
  spec: NormalSpec,
  source: DataSource,
): Result<ResolvedWeights> {
  if (isWeightsList(weights)) return ok({ list: weights, counts: null });
  const port = targetPort(loss.target);
  const path = `/losses/${spec.losses.indexOf(loss)}/class_weights`;
  const size = classCount(spec, source, loss.target, layerName);
  if (weights === "balanced") return ok(balance(countTargets(source, port, size)));
  const names =
    idNamesFor(port, source.metadata)?.names.map(String) ?? Array.from({ length: size }, (_, id) => `${id}`);
  const unknown = Object.keys(weights).filter((key) => !names.includes(key));
  if (unknown.length > 0)
    return fail(
      unknown.map((key) => ({
        code: "unknown-class",
        path: child(path, key),
        message: `${quote(key)} is not a class of the data.`,
        hint: suggestion(key, names.slice(0, MAX_LISTED), "Classes"),
      })),
    );
  const list = Array.from({ length: size }, (_, id) => weights[names[id] ?? ""] ?? 1);
  return ok({ list, counts: null });
}

/** The number of outputs: that of the data's classes, or the larger size that the spec gives the layer. */
function classCount(spec: NormalSpec, source: DataSource, target: string, layerName: string): number {
  const classes = Number(source.signature(spec.train).sizes[classesSize(target)] ?? 0);
  const layer = spec.model.find(({ name }) => name === layerName);
  const size = layer !== undefined && "size" in layer && typeof layer.size === "number" ? layer.size : 0;
  return Math.max(classes, size);
}

/** n / (classes · count), for the classes that have targets; 1 for the others, which have no term in the loss. */
function balance(counts: readonly number[]): ResolvedWeights {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const present = counts.filter((count) => count > 0).length;
  return { list: counts.map((count) => (count > 0 ? total / (present * count) : 1)), counts };
}

/** Targets of each class in the training split that the loss reads; of rows of probabilities their sums. */
function countTargets(source: DataSource, port: string, size: number): readonly number[] {
  const counts = new Float64Array(size);
  for (const { batch } of readExamples(source, source.splits.train)) {
    const targets = batch.get(port);
    if (targets === undefined) continue;
    const width = targets.dtype === "float32" ? (targets.shape.at(-1) ?? 1) : 1;
    const [rows = 0] = targets.shape;
    const hasSteps = targets.shape.length > (targets.dtype === "float32" ? 2 : 1);
    const steps = hasSteps ? (targets.shape[1] ?? 1) : 1;
    const lengths = (batch.get("target_lengths") ?? batch.get("lengths"))?.data;
    const weights = batch.get("weights");
    const perStep = weights !== undefined && weights.shape.length > 1;
    for (let row = 0; row < rows; row++) {
      const length = hasSteps ? Math.min(steps, Number(lengths?.[row] ?? steps)) : 1;
      for (let step = 0; step < length; step++) {
        const entry = row * steps + step;
        if (Number(weights?.data[perStep ? entry : row] ?? 1) === 0) continue;
        if (targets.dtype !== "float32") {
          const id = Number(targets.data[entry]);
          if (id < size) counts[id] = (counts[id] ?? 0) + 1;
        } else
          for (let id = 0; id < Math.min(width, size); id++)
            counts[id] = (counts[id] ?? 0) + Number(targets.data[entry * width + id]);
      }
    }
  }
  return Array.from(counts);
}

function weightsText(
  weights: readonly number[],
  counts: readonly number[] | null,
  port: string,
  metadata: Metadata,
): string {
  const names = idNamesFor(port, metadata)?.names;
  const nameOf = (id: number) => {
    const name = names?.[id];
    if (name === undefined || metadata.type === "text") return name === undefined ? `${id}` : JSON.stringify(name);
    return `${name}`;
  };
  const short = (value: number) => `${Number(value.toPrecision(4))}`;
  const pairs = weights.map((weight, id) =>
    counts === null
      ? `${nameOf(id)}: ${weight}`
      : `${nameOf(id)}: ${short(weight)} (${formatCount(Number(short(counts[id] ?? 0)), "target")})`,
  );
  return listFirst(pairs, MAX_LISTED);
}

const MAX_LISTED = 20;
