/** Each layer's share of the time of a forward pass, measured on the CPU over one batch of the spec's data. */
import type { TruncatedModel } from "../../../compiler/inspect/layer-timing.js";
import type { Batch } from "../../../runtime/data/source.js";
import { elementCount, type NumericArray } from "../../../runtime/tensors/array.js";
import { reportInvalidInput } from "../../errors.js";
import type { SpecWithSignature } from "../../open-spec-with-data.js";
import type { Output } from "../../output.js";

const WARMUP_RUNS = 2;
const MEASURED_RUNS = 25;

/** Shares that sum to one, in the order of the layers; undefined after reporting missing data. */
export async function measureLayerTimes(
  output: Output,
  openedSpec: SpecWithSignature,
): Promise<readonly number[] | undefined> {
  const { spec, folder, signature } = openedSpec;
  const [{ openData }, { truncatedModels }] = await Promise.all([
    import("../../../runtime/data/index.js"),
    import("../../../compiler/inspect/layer-timing.js"),
  ]);
  const read = await openData(spec, folder);
  if (!read.ok) {
    reportInvalidInput(output, "file-missing", "--time needs the data of the spec, which cannot be read", "");
    return undefined;
  }
  const source = read.value;
  const batch = source.batch(source.splits.train.subarray(0, signature.expected.batch));
  const runs: (() => Promise<unknown>)[] = [];
  for (const prefix of await truncatedModels(spec, signature)) runs.push(await openPrefix(prefix, batch));
  const durations: number[][] = runs.map(() => []);
  for (let round = -WARMUP_RUNS; round < MEASURED_RUNS; round++) {
    for (const [index, run] of runs.entries()) {
      const before = performance.now();
      await run();
      if (round >= 0) durations[index]?.push(performance.now() - before);
    }
  }
  // The minimum is the measurement least disturbed by other processes.
  const fastest = durations.map((times) => Math.min(...times));
  const layerDurations = fastest.map((time, index) => Math.max(0, time - (fastest[index - 1] ?? 0)));
  const total = layerDurations.reduce((sum, time) => sum + time, 0);
  return layerDurations.map((time) => (total === 0 ? 0 : time / total));
}

async function openPrefix({ model, inputs }: TruncatedModel, batch: Batch): Promise<() => Promise<unknown>> {
  const [{ estimateWorkPerSync, openSession }, { tensorOf }] = await Promise.all([
    import("../../../runtime/sessions/session.js"),
    import("../../../runtime/tensors/ort.js"),
  ]);
  const rows = batch.get("inputs")?.shape[0] ?? 1;
  const feeds = inputs.map(({ name, shape, isWeight }) => {
    const array = isWeight ? undefined : batch.get(name);
    return [name, tensorOf(array ?? dummyInput(shape.map((dim) => (typeof dim === "number" ? dim : rows))))] as const;
  });
  const parameters = inputs.filter(({ isWeight }) => isWeight).map(({ shape }) => ({ shape: shape.map(Number) }));
  const session = await openSession(model, "cpu", estimateWorkPerSync(parameters, rows));
  if (!session.ok) throw new Error(session.error.message);
  return () => session.value.session.run(Object.fromEntries(feeds));
}

/** Small values of both signs: infinities and subnormals would change the time. */
function dummyInput(shape: readonly number[]): NumericArray {
  const size = elementCount(shape);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, index) => ((index % 7) - 3) / 20) };
}
