/** Evaluation: loss, metrics, outputs and decoded predictions of a model over examples. */
import type { Tensor } from "onnxruntime-node";
import type { Manifest, Port } from "../../compiler/artifact.js";
import { outputKindOf } from "../../schema/kinds/losses.js";
import type { ModelOutput } from "../../schema/kinds/outputs.js";
import { isStateful, statefulBatches } from "../data/batching/stateful-batches.js";
import type { DataSource } from "../data/source.js";
import type { Indices, Splits } from "../data/splits.js";
import type { Metrics, SplitMetrics } from "../events.js";
import { feedsFor, portsWithRole, predictionPort } from "../sessions/ports.js";
import { createRecurrentStates } from "../sessions/recurrent-states.js";
import type { Runner } from "../sessions/runner.js";
import type { NumericArray } from "../tensors/array.js";
import { floatsOf } from "../tensors/ort.js";
import { forecastRows } from "./forecast-entries.js";
import type { OutputMetric } from "./forecast-metrics.js";
import { addAccumulators, computeMetric } from "./metric-accumulators.js";

export interface Evaluator {
  /**
   * Loss and metrics over at least one example, in batches. Rejects with EvaluationCancelled where `isCancelled` is true
   * between two batches; an evaluation by several processes is not cancelled.
   */
  metrics(
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    batchSize: number,
    isCancelled?: () => boolean,
  ): Promise<Metrics>;
  /** Loss and metrics by split. Splits that are absent or empty have none. */
  splitMetrics(
    parameters: Readonly<Record<string, Tensor>>,
    splits: Partial<Splits>,
    batchSize: number,
    isCancelled?: () => boolean,
  ): Promise<SplitMetrics>;
  /**
   * One of the model's outputs, batch by batch.
   *
   * @param port of the output; by default the first.
   */
  outputs(
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    batchSize: number,
    port?: string,
  ): AsyncGenerator<{ readonly batch: Uint32Array; readonly output: NumericArray }>;
  /** Decoded predictions of an output. */
  predictions(
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    output: Pick<ModelOutput, "port" | "loss">,
  ): Promise<readonly unknown[]>;
}

/** Thrown by an evaluation that its caller cancelled. */
class EvaluationCancelled extends Error {}

/** The result of an evaluation; undefined where it was cancelled. */
export async function unlessCancelled<T>(evaluation: Promise<T>): Promise<T | undefined> {
  try {
    return await evaluation;
  } catch (error) {
    if (error instanceof EvaluationCancelled) return undefined;
    throw error;
  }
}

/** Evaluation shared by several processes. */
export interface EvaluationSharding {
  /** The rows of a batch that this process evaluates; may be empty. */
  rows(batch: Indices): Indices;
  /** The sum of accumulators over all processes. */
  allReduce(accumulators: Float64Array): Float64Array;
}

export interface EvaluatorOptions {
  readonly sharding?: EvaluationSharding;
  /** Metrics in addition to those of the model. */
  readonly outputMetrics?: readonly OutputMetric[];
}

const unsharded: EvaluationSharding = { rows: (batch) => batch, allReduce: (accumulators) => accumulators };

export async function createEvaluator(
  session: Runner,
  manifest: Manifest,
  source: DataSource,
  { sharding = unsharded, outputMetrics = [] }: EvaluatorOptions = {},
): Promise<Evaluator> {
  const { inputs, outputs } = manifest.eval;
  const metrics = metricPorts(manifest);
  const hasStates = isStateful(manifest);
  const runBatch = (
    parameters: Readonly<Record<string, Tensor>>,
    examples: ArrayLike<number>,
    states: Readonly<Record<string, Tensor>>,
    requested: readonly string[],
  ) => {
    const batch = source.batch(examples);
    const feeds = feedsFor(inputs, ({ name }) => states[name] ?? batch.get(name) ?? parameters[name]);
    return session.run(feeds, requested);
  };
  /** Outputs of the given ports for each batch. States start at zero, and are passed from batch to batch. */
  async function* runBatches(
    ports: readonly Port[],
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    batchSize: number,
  ) {
    const requested = [...ports, ...portsWithRole(outputs, "state")].map(({ name }) => name);
    const states = createRecurrentStates(manifest.eval);
    const batches = hasStates ? statefulBatches(examples, batchSize) : sequentialBatches(examples, batchSize);
    for (const fullBatch of batches) {
      const batch = sharding.rows(fullBatch);
      if (batch.length === 0) continue;
      const graphOutputs = await runBatch(parameters, batch, states.feeds(batch.length), requested);
      states.update(graphOutputs);
      yield { batch, given: graphOutputs };
    }
  }

  const evaluator: Evaluator = {
    async metrics(parameters, examples, batchSize, isCancelled = () => false) {
      const totals = metrics.map(({ port: { shape } }) => {
        const length = shape.reduce<number>((product, size) => product * Number(size), 1);
        return new Float64Array(Number.isNaN(length) ? 0 : length);
      });
      const read = outputMetrics.map((metric) => ({ metric, port: predictionPort(manifest.eval, metric.port) }));
      const sums = outputMetrics.map(() => new Float64Array(2));
      const requested = [...new Set([...metrics, ...read].map(({ port }) => port))];
      for await (const { batch, given: graphOutputs } of runBatches(requested, parameters, examples, batchSize)) {
        if (isCancelled()) throw new EvaluationCancelled();
        for (const [index, { port }] of metrics.entries()) {
          totals[index] = addAccumulators(totals[index], floatsOf(graphOutputs, port));
        }
        const arrays = read.length === 0 ? new Map() : source.batch(batch);
        for (const [index, { metric, port }] of read.entries()) {
          const output = {
            dtype: "float32",
            shape: graphOutputs[port.name]?.dims ?? [],
            data: floatsOf(graphOutputs, port),
          };
          sums[index] = addAccumulators(sums[index], metric.sums(batch, arrays, output as NumericArray));
        }
      }
      const computed = outputMetrics.map(({ name }, index) => {
        return [name, computeMetric("mean", sharding.allReduce(sums[index] ?? new Float64Array(2)))] as const;
      });
      const values = metrics.map(({ name, finish, port }, index) => {
        const accumulators = totals[index] ?? new Float64Array();
        // Accumulators per time step differ in length between processes: the sum of the lengths is enough for all.
        const hasKnownLength = port.shape.every((size) => typeof size === "number");
        const [length = 0] = hasKnownLength ? [0] : sharding.allReduce(Float64Array.of(accumulators.length));
        const padded = addAccumulators(accumulators, new Float64Array(length));
        return [name, computeMetric(finish, sharding.allReduce(padded))] as const;
      });
      return Object.fromEntries([...values, ...computed]);
    },
    splitMetrics: (parameters, splits, batchSize, isCancelled) =>
      splitMetrics(evaluator, parameters, splits, batchSize, isCancelled),
    async *outputs(parameters, examples, batchSize, portName) {
      const port = predictionPort(manifest.eval, portName);
      for await (const { batch, given: graphOutputs } of runBatches([port], parameters, examples, batchSize)) {
        const shape = graphOutputs[port.name]?.dims ?? [];
        yield { batch, output: { dtype: "float32", shape, data: floatsOf(graphOutputs, port) } };
      }
    },
    async predictions(parameters, examples, { port, loss }) {
      const decoded: unknown[] = [];
      // For stateful layers consecutive examples are one stream.
      const batchOutputs = evaluator.outputs(parameters, examples, hasStates ? 1 : examples.length, port);
      const isOfFeatures = outputKindOf(loss) === "features";
      for await (const { batch, output } of batchOutputs)
        decoded.push(
          ...(isOfFeatures ? forecastRows(source, { loss }, batch, output) : source.decode(output, batch, loss.target)),
        );
      return decoded;
    },
  };
  return evaluator;
}

/** Loss and metrics by split, by an evaluator of examples. */
export async function splitMetrics(
  evaluator: Pick<Evaluator, "metrics">,
  parameters: Readonly<Record<string, Tensor>>,
  { train, validation, test }: Partial<Splits>,
  batchSize: number,
  isCancelled?: () => boolean,
): Promise<SplitMetrics> {
  const metricsOf = async (examples: Indices | undefined) =>
    examples === undefined || examples.length === 0
      ? {}
      : evaluator.metrics(parameters, examples, batchSize, isCancelled);
  return { train: await metricsOf(train), validation: await metricsOf(validation), test: await metricsOf(test) };
}

function* sequentialBatches(examples: Indices, batchSize: number): Generator<Indices> {
  for (let start = 0; start < examples.length; start += batchSize) yield examples.subarray(start, start + batchSize);
}

/** Maximum number of training examples to evaluate; more where the validation split is larger. */
const MAX_TRAIN_EXAMPLES = 2000;

/**
 * The splits that a run evaluates during training: a sample of the training split, evenly spaced or, for stateful
 * layers, its first examples; the validation split; and the test split only where there is no validation split.
 */
export function monitoredSplits({ train, validation, test }: Splits, hasStates: boolean): Splits {
  const limit = Math.max(MAX_TRAIN_EXAMPLES, validation.length);
  const exampleAt = (_: unknown, index: number) =>
    train[hasStates ? index : Math.floor((index * train.length) / limit)] ?? 0;
  return {
    train: train.length <= limit ? train : Uint32Array.from({ length: limit }, exampleAt),
    validation,
    test: validation.length > 0 ? new Uint32Array() : test,
  };
}

/** The ports `metrics/<name>` of a manifest's metrics. */
function metricPorts({ metrics, eval: { outputs } }: Manifest) {
  return Object.entries(metrics).map(([name, finish]) => {
    const port = outputs.find((output) => output.role === "metric" && output.name === `metrics/${name}`);
    if (port === undefined) throw new Error(`The evaluation graph has no metric "${name}".`);
    return { name, finish, port };
  });
}
