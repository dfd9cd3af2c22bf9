/** What each layer takes of the time of a forward pass, measured on the CPU over one batch of the spec's own data. */
import type { Prefix } from "../../compiler/prefixes.js";
import type { Batch, NumericArray } from "../../runtime/data/source.js";
import { refuse } from "../failures.js";
import type { Output } from "../output.js";
import type { Described } from "../signature.js";

const warming = 2;
const rounds = 25;

/** Shares of one, in the order of the layers; undefined where there is no data to run on, and the user has been told. */
export async function timesOf(output: Output, described: Described): Promise<readonly number[] | undefined> {
  const { spec, folder, signature } = described;
  const [{ openData }, { layerPrefixes }] = await Promise.all([
    import("../../runtime/data/index.js"),
    import("../../compiler/prefixes.js"),
  ]);
  const read = await openData(spec, folder);
  if (!read.ok) {
    refuse(output, "file-missing", "the time is measured on data, which is not there", "");
    return undefined;
  }
  const { source } = read;
  const batch = source.batch(source.splits.train.subarray(0, signature.expected.batch));
  const runs: (() => Promise<unknown>)[] = [];
  for (const prefix of await layerPrefixes(spec, signature)) runs.push(await opened(prefix, batch));
  const taken: number[][] = runs.map(() => []);
  for (let round = -warming; round < rounds; round++) {
    for (const [index, run] of runs.entries()) {
      const before = performance.now();
      await run();
      if (round >= 0) taken[index]?.push(performance.now() - before);
    }
  }
  // The fastest of its runs was the least disturbed by other programs.
  const least = taken.map((times) => Math.min(...times));
  const own = least.map((time, index) => Math.max(0, time - (least[index - 1] ?? 0)));
  const whole = own.reduce((sum, time) => sum + time, 0);
  return own.map((time) => (whole === 0 ? 0 : time / whole));
}

async function opened({ model, inputs }: Prefix, batch: Batch): Promise<() => Promise<unknown>> {
  const [{ loadOf, openSession }, { tensorOf }] = await Promise.all([
    import("../../runtime/session.js"),
    import("../../runtime/tensors.js"),
  ]);
  const rows = batch.get("inputs")?.shape[0] ?? 1;
  const feeds = inputs.map(({ name, shape, weights }) => {
    const known = weights ? undefined : batch.get(name);
    return [name, tensorOf(known ?? filler(shape.map((dim) => (typeof dim === "number" ? dim : rows))))] as const;
  });
  const parameters = inputs.filter(({ weights }) => weights).map(({ shape }) => ({ shape: shape.map(Number) }));
  const session = await openSession(model, "cpu", loadOf(parameters, rows));
  if (!session.ok) throw new Error(session.message);
  return () => session.session.run(Object.fromEntries(feeds));
}

/** Small numbers of both signs: their values change no time, but infinities would. */
function filler(shape: readonly number[]): NumericArray {
  const size = shape.reduce((product, dim) => product * dim, 1);
  return { dtype: "float32", shape, data: Float32Array.from({ length: size }, (_, place) => ((place % 7) - 3) / 20) };
}
