/** The same seed gives the same weights in every run with the same number of threads. */
import { createHash } from "node:crypto";
import { InferenceSession } from "onnxruntime-node";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { openData } from "../../../runtime/data/index.js";
import { initializeTensors } from "../../../runtime/tensors/initializers.js";
import type { Tensor } from "../../../runtime/tensors/safetensors.js";
import { createTrainer } from "../../../runtime/training/trainer.js";
import { readSpec } from "../../../schema/read.js";

function digestOf(tensors: readonly (readonly [string, Tensor])[]): string {
  const digest = createHash("sha256");
  for (const [name, { data }] of tensors)
    digest.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return digest.digest("hex");
}

test("the same number of threads gives the same weights, bit by bit", async () => {
  const read = await readSpec(
    JSON.stringify({
      data: { type: "text", text: "the quick brown fox jumps over the lazy dog, ".repeat(4), window: 12 },
      model: [
        { layer: "embedding", size: 32 },
        // Products that are large enough for several threads.
        { layer: "rnn", cell: "lstm", hidden_size: 96, dropout: { output: 0.2 } },
        { layer: "rnn", cell: "gru", hidden_size: 96 },
        { layer: "projection" },
      ],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam", learning_rate: 0.01, clip: { global_norm: 1 } },
      train: { steps: 6, batch_size: 32 },
    }),
  );
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  const { spec } = read;
  const opened = await openData(spec, "");
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const source = opened.value;
  const compiled = await compile(spec, source.signature(spec.train));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const { manifest, train } = compiled.artifact;
  const rows = Uint32Array.from({ length: 6 * 32 }, (_, index) => (index * 7) % 150);
  const weights = async (threads: number) => {
    const session = await InferenceSession.create(train, {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      // Spinning threads would slow down the others where there are fewer cores.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
    });
    const stored = { parameter: manifest.parameters, slot: manifest.slots };
    const tensors = {
      parameters: initializeTensors(manifest.parameters, 1),
      slots: initializeTensors(manifest.slots, 1),
      states: new Map(),
    };
    const batches = (first: number, steps: number) =>
      source.batch(rows.subarray((first - 1) * 32, (first - 1 + steps) * 32));
    const trainer = createTrainer(session, manifest.train, stored, { step: 0, ...tensors }, 32, batches);
    const { nonFinite: unsound } = await trainer.runSteps(1, 6, 1);
    expect(unsound).toBeNull();
    return digestOf([...(await trainer.tensors("parameter")), ...(await trainer.tensors("slot"))]);
  };
  for (const threads of [1, 2]) expect(await weights(threads)).toBe(await weights(threads));
});
