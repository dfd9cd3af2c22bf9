/** Predictions of a stateful model for a series: states continue from row to row, as they do in evaluation. */
import type { Tensor } from "onnxruntime-common";
import type { Port, Ports } from "../../compiler/artifact.js";
import { gatherWindows, type Series } from "../data/batching/windows.js";
import type { Batch } from "../data/source.js";
import { feedsFor, portsWithRole } from "../sessions/ports.js";
import { createRecurrentStates, type RecurrentStates } from "../sessions/recurrent-states.js";
import type { Feeds, Runner } from "../sessions/runner.js";
import { elementCount, type NumericArray } from "../tensors/array.js";
import { floatsOf } from "../tensors/ort.js";
import type { Scores } from "./format-predictions.js";

/** A series of rows, read in windows. */
export interface SeriesInputs {
  readonly rows: number;
  readonly window: number;
  /** The arrays of the `length` rows from each start. */
  read(starts: readonly number[], length: number): Batch;
}

/** The evaluation graph of a stateful model, whose states are inputs and outputs. */
export interface EvaluationGraph {
  readonly session: Runner;
  readonly ports: Ports;
  readonly parameters: Feeds;
}

/** The windows of a series of `rows` rows; without a window its single rows. */
export function seriesInputs(series: Series, rows: number, window: number | null): SeriesInputs {
  const { width } = series;
  return {
    rows,
    window: window ?? 1,
    read: (starts, length) => {
      const shape = [starts.length, ...(window === null ? [] : [length]), width];
      return new Map([["inputs", gatherWindows(series, { stride: 1, shift: 0, length }, starts, shape)]]);
    },
  };
}

/** The notices for predictions of a stateful model: in a series, and in separate texts. */
export const continuedNotice = "The model is stateful: its states start at zero, and continue from row to row.";
export const restartNotice = "The model is stateful: its states start at zero in each line.";

/** Maximum number of windows in a call. */
const MAX_ROWS = 256;

/**
 * The outputs for every window of a series, in order. Window i starts at row i, with the states after the rows before
 * it; these are read in windows that end with it, the first of which may be shorter. The windows of evaluation are
 * those that start at a multiple of the window.
 */
export async function predictSeries(graph: EvaluationGraph, series: SeriesInputs): Promise<ScoresByPort> {
  const { rows, window } = series;
  const windows = rows - window + 1;
  const scores = new Map(portsWithRole(graph.ports.outputs, "prediction").map(({ name }) => [name, [] as Scores[]]));
  // The windows that start at rows s, s + window, s + 2 * window, … are a stream.
  const streams = Math.min(window, windows);
  for (let first = 0; first < streams; first += MAX_ROWS) {
    const firstStarts = Array.from({ length: Math.min(MAX_ROWS, streams - first) }, (_, index) => first + index);
    const states = await statesAfter(graph, series, firstStarts);
    for (let offset = 0; first + offset < windows; offset += window) {
      // The streams that end are the last ones.
      const starts = firstStarts.map((start) => start + offset).filter((start) => start < windows);
      const outputs = await runWindows(graph, series.read(starts, window), starts.length, states);
      for (const [port, rowScores] of scores)
        for (const [row, start] of starts.entries()) rowScores[start] = rowOf(outputs.get(port), row);
    }
  }
  return scores;
}

/** The states after the first `count` rows, for each count. */
async function statesAfter(
  graph: EvaluationGraph,
  series: SeriesInputs,
  counts: readonly number[],
): Promise<RecurrentStates> {
  const ports = portsWithRole(graph.ports.inputs, "state");
  const values = new Map(ports.map(({ name }) => [name, [] as number[]]));
  for (const count of counts) {
    const states = createRecurrentStates(graph.ports);
    if (count > 0) await runWindows(graph, series.read([0], count), 1, states);
    for (const [name, { data }] of Object.entries(states.feeds(1))) values.get(name)?.push(...(data as Float32Array));
  }
  return createRecurrentStates(
    graph.ports,
    new Map([...values].map(([name, numbers]) => [name, Float32Array.from(numbers)])),
  );
}

/** The outputs for each example, by port. */
export type ScoresByPort = ReadonlyMap<string, readonly Scores[]>;

interface Output {
  /** [rows, …] */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

async function runWindows(
  { session, ports, parameters }: EvaluationGraph,
  batch: Batch,
  rows: number,
  states: RecurrentStates,
): Promise<ReadonlyMap<string, Output>> {
  const outputs = portsWithRole(ports.outputs, "prediction");
  const stateFeeds = states.feeds(rows);
  const time = batch.get("inputs")?.shape[1] ?? 1;
  const feedOf = (port: Port): NumericArray | Tensor =>
    stateFeeds[port.name] ?? parameters[port.name] ?? batch.get(port.name) ?? unreadArray(port, { batch: rows, time });
  const requested = [...outputs, ...portsWithRole(ports.outputs, "state")].map(({ name }) => name);
  const results = await session.run(feedsFor(ports.inputs, feedOf), requested);
  states.update(results);
  return new Map(
    outputs.map((port) => [port.name, { shape: results[port.name]?.dims ?? [], data: floatsOf(results, port) }]),
  );
}

/** Zeros for targets, which only loss and metrics read. */
function unreadArray(
  { name, role, dtype, shape }: Port,
  sizes: Readonly<Record<"batch" | "time", number>>,
): NumericArray {
  if (role !== "data") throw new Error(`There is no value for the input "${name}" (${role}).`);
  const axes = shape.map((size) => (size === "batch" || size === "time" ? sizes[size] : Number(size)));
  const count = elementCount(axes);
  return dtype === "float32"
    ? { dtype, shape: axes, data: new Float32Array(count) }
    : { dtype: "int32", shape: axes, data: new Int32Array(count) };
}

function rowOf(
  { shape: [rows = 1, ...shape], data }: Output = { shape: [], data: new Float32Array() },
  row: number,
): Scores {
  const width = data.length / rows;
  return { shape, data: data.slice(row * width, (row + 1) * width) };
}
