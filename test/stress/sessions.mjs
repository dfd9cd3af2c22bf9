/** Sessions opened, run and released, one after the other: `node test/stress/sessions.mjs --count 1000`; `npm run build` first. */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { flagsOf } from "../../scripts/flags.mjs";
import { root } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const { count } = flagsOf(import.meta.filename, { count: 1000 });
const from = (path) => import(join(root, "dist", path));
const [{ compile }, { readSpec }, { openData }, { openNative }] = await Promise.all(
  ["compiler/compile.js", "schema/read.js", "runtime/data/index.js", "runtime/sessions/native/session.js"].map(from),
);
const { spec } = await readSpec(
  JSON.stringify({
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.1 },
  }),
);
const { source } = await openData(spec, "");
const { artifact } = await compile(spec, source.signature(spec.train));
const batch = source.batch(Uint32Array.of(0));
const zeros = (shape) => new Tensor("float32", new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
const feeds = Object.fromEntries([
  ...artifact.manifest.parameters.map(({ name, shape }) => [name, zeros(shape)]),
  ...[...batch].map(([name, { dtype, data, shape }]) => [name, new Tensor(dtype, data, shape)]),
]);

const memory = () => process.memoryUsage().rss / 2 ** 20;
let before = 0;
for (let opened = 0; opened < count; opened++) {
  const session = await InferenceSession.create(artifact.eval, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  await session.run(feeds);
  await session.release();
  // As trainings have them; undefined where the C interface cannot be called.
  const native = await openNative(artifact.eval, artifact.manifest.eval, 0);
  await native?.run(feeds);
  native?.release();
  if (opened === Math.floor(count / 5)) before = memory();
}
const after = memory();
const growth = Math.round((1000 * (after - before)) / before) / 10;
report("sessions", { sessions: count, before: Math.round(before), after: Math.round(after), growth });
