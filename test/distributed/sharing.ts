/** Specs that several ranks train together, and what is asked of their trainings. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Ending, records, temporaryFolder } from "../cli/spawn.js";

const sentence = "if you want to build a ship, don't drum up people together to collect wood";
export const dropping = {
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
export const carrying = {
  ...dropping,
  name: "carrying",
  data: { ...dropping.data, stride: 6, split: { train: 1 } },
  model: [dropping.model[0], { ...dropping.model[1], stateful: true }, dropping.model[2]],
  train: { steps: 9, batch_size: 2, checkpoint_every: 2 },
};

const folder = temporaryFolder();
export const write = (name: string, spec: object): string => {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(spec));
  return file;
};
export const specs = { dropping: write("dropping", dropping), carrying: write("carrying", carrying) };
export const out = (name: string) => join(folder, name.replace(/ /g, "-"));
export const args = (spec: string, run: string, ...more: string[]) => [
  "train",
  spec,
  "--out",
  out(run),
  "--json",
  ...more,
];

type Said = Readonly<Record<string, unknown>>;
export const of = (ending: Ending, kind: string): readonly Said[] =>
  records(ending.stdout).filter(({ event }) => event === kind);
export const lossesOf = (ending: Ending) => of(ending, "step").map(({ loss }) => Number(loss));

type Metrics = Readonly<Record<"train" | "validation", Readonly<Record<string, number>>>>;
export const metricsOf = (ending: Ending) =>
  of(ending, "epoch").flatMap(({ metrics }) => {
    const { train, validation } = metrics as Metrics;
    return [...Object.values(train), ...Object.values(validation)];
  });

export function expectClose(made: readonly number[], wanted: readonly number[], far = 1e-5): void {
  expect(made.length).toBe(wanted.length);
  made.forEach((loss, index) => {
    expect(Math.abs(loss / (wanted[index] ?? 0) - 1), `number ${index + 1}`).toBeLessThan(far);
  });
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}
