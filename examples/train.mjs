/**
 * Trains a spec and prints its events: `node examples/train.mjs SPEC OUT`. Ctrl-C saves a checkpoint; a second start continues from it.
 *
 * @import { Spec } from "rnnx"
 */
import { frame, RunError, readSpec, readSpecFile, train } from "rnnx";

/** A spec is a file or a value; editors complete it. @type {Spec} */
const hihello = {
  name: "hihello",
  seed: 1,
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.1 },
  train: { steps: 300 },
};

const [file, out = "runs/example"] = process.argv.slice(2);
const read = file === undefined ? await readSpec(hihello) : await readSpecFile(file);
if (!read.ok) {
  console.error(await frame(read.diagnostics, read.document, { color: false }));
  process.exit(2);
}

const controller = new AbortController();
process.once("SIGINT", () => controller.abort());

const { spec, folder, origins } = read;
const training = train({ spec, folder, out, resume: true }, { origins, signal: controller.signal });
try {
  for await (const event of training) {
    if (event.event === "start") console.log(`${event.parameters} parameters on ${event.device}`);
    if (event.event === "evaluation") console.log(`step ${event.step}:`, event.metrics.train);
    if (event.event === "done") console.log(`loss ${event.loss?.toFixed(4)}, predicts`, event.predictions);
  }
} catch (error) {
  // A problem of the data or the run; any other exception is a bug in rnnx.
  if (!(error instanceof RunError)) throw error;
  console.error(error.message);
  process.exit(error.failure.kind === "input" ? 2 : 1);
}
