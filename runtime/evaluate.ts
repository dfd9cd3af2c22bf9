/** Evaluation: the loss and metrics of a model over examples, and what it says of some of them. */
import type { Tensor } from "onnxruntime-node";
import type { Manifest, Port } from "../compiler/artifact.js";
import type { DataSource, NumericArray } from "./data/source.js";
import type { Indices, Splits } from "./data/splits.js";
import type { Metrics, SplitMetrics } from "./events.js";
import type { Runner } from "./runner.js";
import { openStates } from "./states.js";
import { carriesStates, streamBatches } from "./streams.js";
import { addTallies, finishTallies } from "./tallies.js";
import { floatsOf, tensorOf } from "./tensors.js";

export interface Evaluator {
  /** Over some examples, at least one, `batchSize` at a time. */
  metrics(parameters: Readonly<Record<string, Tensor>>, examples: Indices, batchSize: number): Promise<Metrics>;
  /** Over parts of the data; those that are not asked for, or hold no examples, have no metrics. */
  splitMetrics(
    parameters: Readonly<Record<string, Tensor>>,
    parts: Partial<Splits>,
    batchSize: number,
  ): Promise<SplitMetrics>;
  /** What the model puts out for some examples, batch by batch. */
  outputs(
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    batchSize: number,
  ): AsyncGenerator<{ readonly batch: Uint32Array; readonly output: NumericArray }>;
  /** What the model says of some examples, decoded. */
  predictions(parameters: Readonly<Record<string, Tensor>>, examples: Indices): Promise<readonly unknown[]>;
}

/** How several processes share what is evaluated. */
export interface Division {
  /** The rows of a batch that this process evaluates; perhaps none. */
  rows(batch: Indices): Indices;
  /** Tallies, added up over all processes. */
  sum(tallies: Float64Array): Float64Array;
}

const undivided: Division = { rows: (batch) => batch, sum: (tallies) => tallies };

export async function openEvaluator(
  session: Runner,
  manifest: Manifest,
  source: DataSource,
  division: Division = undivided,
): Promise<Evaluator> {
  const { inputs, outputs } = manifest.eval;
  const metrics = metricPorts(manifest);
  const stateful = carriesStates(manifest);
  const run = (
    parameters: Readonly<Record<string, Tensor>>,
    examples: ArrayLike<number>,
    states: Readonly<Record<string, Tensor>>,
    wanted: readonly string[],
  ) => {
    const batch = source.batch(examples);
    const feeds: Record<string, Tensor> = { ...states };
    for (const { name, role } of inputs) {
      if (role === "state") continue;
      const array = role === "data" ? batch.get(name) : undefined;
      const fed = array === undefined ? parameters[name] : tensorOf(array);
      if (fed === undefined) throw new Error(`Evaluation lacks "${name}".`);
      feeds[name] = fed;
    }
    return session.run(feeds, wanted);
  };
  /** What the model gives at some ports for each batch. States start at zero, and go on from batch to batch. */
  async function* results(
    ports: readonly Port[],
    parameters: Readonly<Record<string, Tensor>>,
    examples: Indices,
    batchSize: number,
  ) {
    const wanted = [...ports, ...outputs.filter(({ role }) => role === "state")].map(({ name }) => name);
    const states = openStates(manifest.eval);
    const batches = stateful ? streamBatches(examples, batchSize) : portions(examples, batchSize);
    for (const whole of batches) {
      const batch = division.rows(whole);
      if (batch.length === 0) continue;
      const given = await run(parameters, batch, states.feeds(batch.length), wanted);
      states.keep(given);
      yield { batch, given };
    }
  }

  const evaluator: Evaluator = {
    async metrics(parameters, examples, batchSize) {
      const totals = metrics.map(({ port: { shape } }) => {
        return new Float64Array(shape.reduce<number>((product, size) => product * Number(size), 1));
      });
      const wanted = metrics.map(({ port }) => port);
      for await (const { given } of results(wanted, parameters, examples, batchSize)) {
        for (const [place, { port }] of metrics.entries()) {
          totals[place] = addTallies(totals[place], floatsOf(given, port));
        }
      }
      const finished = metrics.map(({ name, finish }, place) => {
        return [name, finishTallies(finish, division.sum(totals[place] ?? new Float64Array()))] as const;
      });
      return Object.fromEntries(finished);
    },
    splitMetrics: (parameters, parts, batchSize) => splitMetrics(evaluator, parameters, parts, batchSize),
    async *outputs(parameters, examples, batchSize) {
      const port = outputs.find(({ role }) => role === "prediction");
      if (port === undefined) throw new Error("The evaluation graph gives no predictions.");
      for await (const { batch, given } of results([port], parameters, examples, batchSize)) {
        const shape = given[port.name]?.dims ?? [];
        yield { batch, output: { dtype: "float32", shape, data: floatsOf(given, port) } };
      }
    },
    async predictions(parameters, examples) {
      const said: unknown[] = [];
      // Examples that follow one another are one stream.
      const all = evaluator.outputs(parameters, examples, stateful ? 1 : examples.length);
      for await (const { batch, output } of all) said.push(...source.decode(output, batch));
      return said;
    },
  };
  return evaluator;
}

/** The metrics of parts of the data, by an evaluator of examples. */
export async function splitMetrics(
  evaluator: Pick<Evaluator, "metrics">,
  parameters: Readonly<Record<string, Tensor>>,
  { train, validation, test }: Partial<Splits>,
  batchSize: number,
): Promise<SplitMetrics> {
  const of = async (examples: Indices | undefined) =>
    examples === undefined || examples.length === 0 ? {} : evaluator.metrics(parameters, examples, batchSize);
  return { train: await of(train), validation: await of(validation), test: await of(test) };
}

function* portions(examples: Indices, batchSize: number): Generator<Indices> {
  for (let start = 0; start < examples.length; start += batchSize) yield examples.subarray(start, start + batchSize);
}

/** A part to train on says enough of itself in this many examples, or in as many as the part to validate with has. */
const enoughToTell = 2000;

/**
 * The parts that a run evaluates as it goes: of the part to train on at most so many examples, spread evenly over it, or the
 * first ones where states go on from each to the next; the validation part; and the test part, which is for the end where
 * there is a validation part to watch.
 */
export function watchedParts({ train, validation, test }: Splits, stateful: boolean): Splits {
  const most = Math.max(enoughToTell, validation.length);
  const spread = (_: unknown, place: number) =>
    train[stateful ? place : Math.floor((place * train.length) / most)] ?? 0;
  return {
    train: train.length <= most ? train : Uint32Array.from({ length: most }, spread),
    validation,
    test: validation.length > 0 ? new Uint32Array() : test,
  };
}

/** The ports of a manifest's metrics, which are `metrics/<name>`. */
function metricPorts({ metrics, eval: { outputs } }: Manifest) {
  return Object.entries(metrics).map(([name, finish]) => {
    const port = outputs.find((output) => output.role === "metric" && output.name === `metrics/${name}`);
    if (port === undefined) throw new Error(`The evaluation graph gives no metric "${name}".`);
    return { name, finish, port };
  });
}
