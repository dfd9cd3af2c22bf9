/** Sample paths of forecasts that are fed back: each row is drawn from its distribution, given the values drawn before it. */
import { isSequence, type NextColumn, type Rollout, targetArrays } from "../../compiler/signature.js";
import { futureInput, isFutureInput } from "../../schema/kinds/horizon.js";
import { type ModelOutput, outputsOf } from "../../schema/kinds/outputs.js";
import { sampleOf } from "../forecast/distributions.js";
import { forecastsOf } from "../forecast/forecasts.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { type Run, readRunWeights } from "../run/open.js";
import { portsWithRole } from "../sessions/ports.js";
import { openSession, type RequestedDevice } from "../sessions/session.js";
import type { NumericArray } from "../tensors/array.js";
import { feedsOf, floatsOf, tensorOf } from "../tensors/ort.js";
import { randomStream } from "../tensors/random.js";
import type { PredictionInputs, SamplePaths } from "./inputs.js";

/** Maximum number of windows in a call. */
const MAX_ROWS = 512;

/** @param rollout of the run's signature. */
export async function drawPaths(
  run: Run,
  rollout: Rollout,
  inputs: Pick<PredictionInputs, "batch" | "lengths">,
  samples: number,
  device: RequestedDevice,
): Promise<Result<SamplePaths, RunFailure>> {
  const { spec, signature } = run;
  const weights = readRunWeights(run, "end");
  if (!weights.ok) return invalidInput(weights.error);
  const { firstRowModel } = await import("../../compiler/export/index.js");
  const { model, ports } = await firstRowModel(spec, signature);
  const opened = await openSession(model, device, 0);
  if (!opened.ok) return runFailed(opened.error.message, opened.error.hint);
  const { session } = opened.value;
  const isRead = new Set(session.inputNames);
  const weightFeeds = Object.entries(feedsOf(weights.value.parameters)).filter(([name]) => isRead.has(name));
  const dataNames = portsWithRole(ports.inputs, "data").map(({ name }) => name);
  const outputs = outputsOf(spec).map((output) => ({
    output,
    port: ports.outputs.find(({ name }) => name === output.port) as (typeof ports.outputs)[number],
    targets: Number(targetArrays(signature).get(output.loss.target)?.shape.at(-1)) / rollout.rows,
    paths: new Map<string, readonly number[]>(),
  }));
  const isWindow = ([name]: readonly [string, NumericArray]) => {
    const array = name === "inputs" ? signature.inputs : signature.side_inputs?.[name];
    return array !== undefined && !isFutureInput(name) && isSequence(array);
  };
  const examples = inputs.lengths.length;
  const chunk = Math.max(1, Math.floor(MAX_ROWS / samples));
  for (let first = 0; first < examples; first += chunk) {
    const chosen = Array.from({ length: Math.min(chunk, examples - first) }, (_, index) => first + index);
    const all = [...inputs.batch(chosen)].map(([name, array]) => [name, repeated(array, samples)] as const);
    const windows = all.filter(isWindow);
    for (let row = 0; row < rollout.rows; row++) {
      const ahead = new Map(
        all.filter(([name]) => isFutureInput(name)).map(([name, array]) => [name, rowOf(array, row)]),
      );
      const arrays = new Map([...all, ...ahead]);
      const feeds = dataNames.map((name) => [name, tensorOf(arrays.get(name) as NumericArray)] as const);
      const results = await session.run(Object.fromEntries([...weightFeeds, ...feeds]));
      const drawn = new Map(
        outputs.map(({ output, port, targets, paths }) => [
          output.loss.target,
          drawRow(output, floatsOf(results, port), { chosen, samples, row, targets, seed: spec.seed }, paths),
        ]),
      );
      for (const [name, array] of windows)
        shift(array, name === "inputs" ? nextRow(rollout.columns, drawn, ahead, array) : ahead.get(futureInput(name)));
    }
  }
  await session.release();
  const byPort = new Map(outputs.map(({ output, paths }) => [output.port, paths]));
  return ok((port, example, row, target) => byPort.get(port)?.get(`${example} ${row} ${target}`) ?? []);
}

interface Row {
  readonly chosen: readonly number[];
  readonly samples: number;
  readonly row: number;
  readonly targets: number;
  readonly seed: number;
}

/** The value of each target, [examples * samples][targets]; recorded by example, row and target. */
function drawRow(
  { loss }: ModelOutput,
  data: Float32Array,
  { chosen, samples, row, targets, seed }: Row,
  paths: Map<string, readonly number[]>,
): readonly (readonly number[])[] {
  const width = data.length / (chosen.length * samples);
  return chosen.flatMap((example, place) => {
    const values = Array.from({ length: samples }, (_, sample): number[] => {
      const start = (place * samples + sample) * width;
      const forecasts = forecastsOf(loss, data.subarray(start, start + width), targets);
      const random = randomStream(seed, "samples", example, row, sample);
      return forecasts.map((forecast) =>
        forecast.kind === "distribution" ? sampleOf(forecast.distribution, random) : Number.NaN,
      );
    });
    for (const target of values[0]?.keys() ?? [])
      paths.set(
        `${example} ${row} ${target}`,
        values.map((each) => each[target] ?? Number.NaN),
      );
    return values;
  });
}

/** The rows after `row` of `inputs`, [examples * samples, columns]. */
function nextRow(
  columns: readonly NextColumn[],
  drawn: ReadonlyMap<string, readonly (readonly number[])[]>,
  ahead: ReadonlyMap<string, NumericArray>,
  windows: NumericArray,
): NumericArray {
  const count = [...drawn.values()][0]?.length ?? 0;
  const future = ahead.get(futureInput(null));
  const futureWidth = future?.shape.at(-1) ?? 0;
  const size = windows.data.length / count;
  const numberOf = (source: NextColumn, example: number, place: number): number => {
    if (source === "same") return Number(windows.data[(example + 1) * size - columns.length + place]);
    if (source === null) return 0;
    if ("future" in source) return Number(future?.data[example * futureWidth + source.future]);
    const { offset, factor } = source.scaler ?? { offset: 0, factor: 1 };
    return ((drawn.get(source.target)?.[example]?.[source.place] ?? Number.NaN) - offset) * factor;
  };
  const data = Float32Array.from({ length: count * columns.length }, (_, index) =>
    numberOf(columns[index % columns.length] ?? null, Math.floor(index / columns.length), index % columns.length),
  );
  return { dtype: "float32", shape: [count, columns.length], data };
}

/** Each entry of the batch `count` times. */
function repeated(array: NumericArray, count: number): NumericArray {
  const [batch = 1, ...rest] = array.shape;
  const size = array.data.length / batch;
  return gathered(
    array,
    [batch * count, ...rest],
    (index) => Math.floor(index / (size * count)) * size + (index % size),
  );
}

/** One row of arrays [batch, rows, …], [batch, 1, …]. */
function rowOf(array: NumericArray, row: number): NumericArray {
  const [batch = 1, rows = 1, ...rest] = array.shape;
  const size = array.data.length / (batch * rows);
  return gathered(
    array,
    [batch, 1, ...rest],
    (index) => (Math.floor(index / size) * rows + row) * size + (index % size),
  );
}

function gathered(array: NumericArray, shape: readonly number[], placeOf: (index: number) => number): NumericArray {
  const length = shape.reduce((product, size) => product * size, 1);
  const take = (_: unknown, index: number) => Number(array.data[placeOf(index)]);
  return array.dtype === "float32"
    ? { dtype: "float32", shape, data: Float32Array.from({ length }, take) }
    : { dtype: "int32", shape, data: Int32Array.from({ length }, take) };
}

/** Moves the rows of each window by one, and adds a row: by default the last one again. */
function shift(array: NumericArray, row: NumericArray | undefined): void {
  const [batch = 1, rows = 1] = array.shape;
  const size = array.data.length / (batch * rows);
  for (let example = 0; example < batch; example++) {
    const [start, end] = [example * rows * size, (example + 1) * rows * size];
    array.data.copyWithin(start, start + size, end);
    if (row !== undefined) array.data.set(row.data.subarray(example * size, (example + 1) * size) as never, end - size);
  }
}
