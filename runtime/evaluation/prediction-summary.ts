/** Predictions next to targets: a confusion matrix, pairs of values, or texts. */
import type { Tensor } from "onnxruntime-node";
import { hasPointForecast, isProbabilistic } from "../../schema/kinds/forecasts.js";
import { type ModelOutput, outputActivationOf, targetPort } from "../../schema/kinds/outputs.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { type Metadata, metadataOf, type TableMetadata } from "../data/metadata.js";
import { type DataSource, usesOf } from "../data/source.js";
import { type Indices, preferredSplit, type Splits } from "../data/splits.js";
import type { PredictionSummary } from "../events.js";
import { pointOf } from "../forecast/forecasts.js";
import type { NumericArray } from "../tensors/array.js";
import { argmax } from "../tensors/scores.js";
import type { Evaluator } from "./evaluator.js";
import { forecastEntries } from "./forecast-entries.js";
import { collectFans, intervalOf } from "./forecast-fans.js";

export interface PredictionContext {
  readonly evaluator: Evaluator;
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly spec: NormalSpec;
  readonly source: DataSource;
  readonly output: ModelOutput;
}

/** Maximum number of examples in a summary during training. */
const PREVIEW_EXAMPLES = 300;

export function previewExamples(splits: Splits): { readonly split: keyof Splits; readonly examples: Indices } {
  const split = preferredSplit(splits, "duringTraining");
  return { split, examples: splits[split].subarray(0, PREVIEW_EXAMPLES) };
}

const BATCH_SIZE = 256;
/** Maximum number of examples whose intervals a summary has. */
const MAX_INTERVALS = 2000;
/** Maximum number of texts in a summary. */
const MAX_TEXTS = 12;

export async function summarizePredictions(context: PredictionContext, examples: Indices): Promise<PredictionSummary> {
  const { spec, source, output } = context;
  const { outputs } = usesOf(spec, output);
  const metadata = metadataOf(source.metadata, output.loss.target);
  if (metadata.type === "table" && hasPointForecast(output.loss)) return forecastPairs(context, examples, metadata);
  if (metadata.type === "text" || metadata.type === "pairs" || output.loss.type === "ctc" || outputs === "features")
    return textPairs(context, examples);
  if (outputs === "numbers") return regressionPairs(context, examples);
  return confusionMatrix(context, examples, outputs === "classes" ? classNames(metadata) : null);
}

async function textPairs(context: PredictionContext, examples: Indices): Promise<PredictionSummary> {
  const { evaluator, parameters, spec, output } = context;
  // Consecutive windows overlap, so texts are spread over the examples. Stateful layers need consecutive ones.
  const stateful = spec.model.some((layer) => layer.layer === "rnn" && layer.stateful);
  const stride = stateful ? 1 : Math.max(1, Math.floor(examples.length / MAX_TEXTS));
  const sampled = examples.filter((_, index) => index % stride === 0).subarray(0, MAX_TEXTS);
  const predicted = await evaluator.predictions(parameters, sampled, output);
  const hasNoTexts = output.loss.type === "ctc" || usesOf(spec, output).outputs === "features";
  const targets = hasNoTexts ? null : await decodeTargets(context, sampled);
  return {
    kind: "texts",
    texts: predicted.map((text, index) => ({
      target: targets === null ? null : formatValue(targets[index]),
      predicted: formatValue(text),
    })),
  };
}

/** Targets decoded like predictions, from one-hot scores. */
async function decodeTargets(
  { evaluator, parameters, source, output: { port, loss } }: PredictionContext,
  examples: Indices,
): Promise<readonly unknown[]> {
  const decoded: unknown[] = [];
  for await (const { batch, output } of evaluator.outputs(parameters, examples, 1, port)) {
    const targets = source.batch(batch).get(targetPort(loss.target));
    const width = output.shape.at(-1) ?? 1;
    if (targets === undefined) continue;
    const data = new Float32Array(targets.data.length * width);
    targets.data.forEach((id: number | bigint, index: number) => {
      data[index * width + Number(id)] = 1;
    });
    const scores = { dtype: "float32", shape: [...targets.shape, width], data } as const;
    decoded.push(...source.decode(scores, batch, loss.target));
  }
  return decoded;
}

function formatValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function classNames(metadata: Metadata): readonly string[] | null {
  return "classes" in metadata ? (metadata.classes ?? null) : null;
}

/** Classes by argmax, or by a probability above 0.5, which is a logit above 0. */
async function confusionMatrix(
  context: PredictionContext,
  examples: Indices,
  names: readonly string[] | null,
): Promise<PredictionSummary> {
  const isBinary = usesOf(context.spec, context.output).outputs === "probabilities";
  const threshold = outputActivationOf(context.output.model) === "logits" ? 0 : 0.5;
  const counts = new Map<string, number>();
  let size = isBinary ? 2 : (names?.length ?? 0);
  for await (const { output, targets, isUnmasked } of predictedBatches(context, examples)) {
    const width = isBinary ? 1 : (output.shape.at(-1) ?? 1);
    const isDense = targets.data.length === output.data.length;
    size = Math.max(size, isBinary ? 2 : width);
    for (let index = 0; index < output.data.length / width; index++) {
      if (!isUnmasked(index, width)) continue;
      const predicted = isBinary
        ? Number((output.data[index] ?? 0) > threshold)
        : argmax(output.data, index * width, width);
      const target = isBinary
        ? Number(Number(targets.data[index]) > 0.5)
        : isDense && width > 1
          ? argmax(targets.data, index * width, width)
          : Number(targets.data[index]);
      const key = `${target} ${predicted}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const classes = Array.from({ length: size }, (_, id) => id);
  return {
    kind: "classes",
    names: classes.map((id) => names?.[id] ?? `${id}`),
    counts: classes.map((target) => classes.map((predicted) => counts.get(`${target} ${predicted}`) ?? 0)),
  };
}

/** Targets and forecasts of each column, in the units of the data, with the central interval of probabilistic ones. */
async function forecastPairs(
  { evaluator, parameters, source, output }: PredictionContext,
  examples: Indices,
  { target: names }: TableMetadata,
): Promise<PredictionSummary> {
  const hasInterval = isProbabilistic(output.loss) && examples.length <= MAX_INTERVALS;
  const fans = collectFans(source, output, examples, names.length);
  const series = names.map((name) => ({ name, target: [] as number[], predicted: [] as number[], ...noInterval() }));
  for await (const { batch, output: values } of evaluator.outputs(parameters, examples, BATCH_SIZE, output.port))
    for (const entry of forecastEntries(source, output, batch, source.batch(batch), values)) {
      fans?.add(entry);
      const own = series[entry.column];
      own?.target.push(entry.target);
      own?.predicted.push(pointOf(entry.forecast) ?? Number.NaN);
      if (!hasInterval) continue;
      const [low, high] = intervalOf(entry.forecast);
      own?.low.push(low);
      own?.high.push(high);
    }
  return {
    kind: "numbers",
    series: series.map(({ low, high, ...own }, column) => ({
      ...own,
      ...(hasInterval && { interval: { low, high } }),
      ...(fans !== null && { fans: fans.of(column) }),
    })),
  };
}

const noInterval = () => ({ low: [] as number[], high: [] as number[] });

async function regressionPairs(context: PredictionContext, examples: Indices): Promise<PredictionSummary> {
  const pairsByColumn = new Map<number, { readonly target: number[]; readonly predicted: number[] }>();
  for await (const { output, targets, isUnmasked } of predictedBatches(context, examples)) {
    const width = output.shape.at(-1) ?? 1;
    for (let index = 0; index < output.data.length; index++) {
      const column = index % width;
      if (!isUnmasked(Math.floor(index / width), width)) continue;
      const pairs = pairsByColumn.get(column) ?? { target: [], predicted: [] };
      pairsByColumn.set(column, pairs);
      pairs.target.push(Number(targets.data[index]));
      pairs.predicted.push(Number(output.data[index]));
    }
  }
  const columnName = (column: number) => (pairsByColumn.size === 1 ? "target" : `target ${column}`);
  return {
    kind: "numbers",
    series: [...pairsByColumn].map(([column, pairs]) => ({ name: columnName(column), ...pairs })),
  };
}

interface PredictedBatch {
  readonly output: NumericArray;
  readonly targets: NumericArray;
  /** True for an entry within its sequence whose weight is not 0. `width` is the number of values per entry. */
  readonly isUnmasked: (index: number, width: number) => boolean;
}

async function* predictedBatches(
  { evaluator, parameters, source, output: { port, loss } }: PredictionContext,
  examples: Indices,
): AsyncGenerator<PredictedBatch> {
  for await (const { batch, output } of evaluator.outputs(parameters, examples, BATCH_SIZE, port)) {
    const arrays = source.batch(batch);
    const targets = arrays.get(targetPort(loss.target));
    if (targets === undefined) throw new Error("The data has no targets.");
    const lengths = arrays.get("target_lengths") ?? arrays.get("lengths");
    const weights = arrays.get("weights");
    const isUnmasked = (index: number, width: number) => {
      const timeSteps = output.data.length / width / batch.length;
      if (
        weights !== undefined &&
        weights.data.length === batch.length * timeSteps &&
        Number(weights.data[index]) === 0
      )
        return false;
      if (lengths === undefined || output.shape.length < 3) return true;
      return index % timeSteps < Number(lengths.data[Math.floor(index / timeSteps)] ?? timeSteps);
    };
    yield { output, targets, isUnmasked };
  }
}
