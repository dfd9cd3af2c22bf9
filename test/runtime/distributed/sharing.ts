/** Specs and assertions of distributed training. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type ProcessResult, records, temporaryFolder } from "../../support/spawn.js";

const sentence = "if you want to build a ship, don't drum up people together to collect wood";
export const dropoutSpec = {
  name: "dropping",
  seed: 3,
  data: { type: "text", text: sentence, window: 6, split: { train: 0.8, validation: 0.2 } },
  model: [
    { layer: "one_hot" },
    { layer: "rnn", cell: "gru", hidden_size: 8, dropout: { input: 0.1, output: 0.2, state: 0.1 } },
    { layer: "projection", size: "vocabulary" },
  ],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", learning_rate: 0.02, clip: { global_norm: 0.5 } },
  // The last batch of an epoch is smaller than the others.
  train: { steps: 30, batch_size: 10, checkpoint_every: 10, evaluate_every: 15 },
};
export const statefulSpec = {
  ...dropoutSpec,
  name: "carrying",
  data: { ...dropoutSpec.data, stride: 6, split: { train: 1 } },
  model: [dropoutSpec.model[0], { ...dropoutSpec.model[1], stateful: true }, dropoutSpec.model[2]],
  train: { steps: 9, batch_size: 2, checkpoint_every: 2 },
};

const folder = temporaryFolder();
export const write = (name: string, spec: object): string => {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(spec));
  return file;
};
export const specs = { dropout: write("dropping", dropoutSpec), stateful: write("carrying", statefulSpec) };
export const out = (name: string) => join(folder, name.replace(/ /g, "-"));
export const args = (spec: string, run: string, ...extra: string[]) => [
  "train",
  spec,
  "--out",
  out(run),
  "--json",
  ...extra,
];

type EventRecord = Readonly<Record<string, unknown>>;
export const eventsOfKind = (result: ProcessResult, kind: string): readonly EventRecord[] =>
  records(result.stdout).filter(({ event }) => event === kind);
export const lossesOf = (result: ProcessResult) => eventsOfKind(result, "step").map(({ loss }) => Number(loss));

type Metrics = Readonly<Record<"train" | "validation", Readonly<Record<string, number>>>>;
export const metricsOf = (result: ProcessResult) =>
  eventsOfKind(result, "evaluation").flatMap(({ metrics }) => {
    const { train, validation } = metrics as Metrics;
    return [...Object.values(train), ...Object.values(validation)];
  });

export function expectClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((loss, index) => {
    expect(Math.abs(loss / (expected[index] ?? 0) - 1), `number ${index + 1}`).toBeLessThan(tolerance);
  });
}

export async function waitUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
