/** The order of the classes of a run: sorted, recorded, printed, and that of its class weights. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../runtime/data/index.js";
import { runFiles } from "../../../runtime/run/layout.js";
import { createReport } from "../../../views/report/report.js";
import { records, rnnx } from "../../support/spawn.js";
import { eventsOfKind, run, trainSpec } from "../../support/training-runs.js";

const lines = [
  { text: "a", label: "rare" },
  { text: "b c", label: "common" },
  { text: "c b", label: "medium" },
];
const jsonl = (examples: readonly object[]) => examples.map((example) => `${JSON.stringify(example)}\n`).join("");
const model = [
  { layer: "embedding", size: 2 },
  { layer: "rnn", cell: "gru", hidden_size: 2, return: "last" },
  { layer: "dense", size: "classes" },
];
const frozen = { optimizer: { type: "sgd", learning_rate: 0 }, train: { steps: 1, batch_size: "all" } };
const sequences = {
  name: "labels",
  data: { type: "sequences", file: "d.jsonl" },
  model,
  loss: { type: "cross_entropy", class_weights: [1, 1, 9] },
  ...frozen,
};
const tags = {
  ...sequences,
  model: [model[0], { layer: "rnn", cell: "gru", hidden_size: 2 }, { layer: "projection", size: "classes" }],
  loss: { type: "sequence_loss", class_weights: [1, 1, 9] },
};
const table = {
  ...sequences,
  data: { type: "table", file: "d.csv", window: 1, horizon: 0, columns: ["x"], target: ["y"] },
  model: model.slice(1),
};

const cases = [
  ["labels", sequences, { "d.jsonl": jsonl(lines) }],
  [
    "tags",
    tags,
    { "d.jsonl": jsonl(lines.map(({ text, label }) => ({ text, tags: text.split(" ").map(() => label) }))) },
  ],
  ["classes of a table", table, { "d.csv": "x,y\n0,rare\n1,common\n2,medium\n" }],
] as const;

const classes = ["common", "medium", "rare"];

test.each(cases)("%s are sorted, and a notice gives the weight of each", async (_, spec, files) => {
  const { out, folder, spec: normalSpec } = await trainSpec(spec, files);
  expect(JSON.parse(readFileSync(join(out, runFiles.data), "utf8")).metadata.classes).toEqual(classes);
  const request = { spec: normalSpec, folder, out, device: "cpu", resume: false, overwrite: true, init: null } as const;
  const { events } = await run({ ...request, disabledPasses: [] });
  const notices = eventsOfKind(events, "notice").map(({ message }) => message);
  expect(notices).toContain("Weights of the classes: common: 1, medium: 1, rare: 9.");
});

test("the weight of a class is the factor of its examples", async () => {
  const rows = lines.flatMap((line) => [line, line]);
  const lossOf = async (weights: readonly number[] | null, examples: readonly object[]) => {
    const loss = { type: "cross_entropy", reduction: "sum", ...(weights && { class_weights: weights }) };
    return (await trainSpec({ ...sequences, loss }, { "d.jsonl": jsonl(examples) })).done.loss ?? Number.NaN;
  };
  // Without weights, from the same initial values: a sum over all rows, and the seven further copies of a rare one.
  const weighted = await lossOf([1, 1, 9], rows);
  const copied = await lossOf(null, [...rows, ...Array.from({ length: 16 }, () => lines[0] ?? {})]);
  expect(weighted).toBeCloseTo(copied, 4);
});

test("more or fewer weights than classes are refused", async () => {
  const loss = { type: "cross_entropy", class_weights: [1, 9] };
  await expect(trainSpec({ ...sequences, loss }, { "d.jsonl": jsonl(lines) })).rejects.toThrow(/has 2 numbers/);
});

test("--dry-run, inspect and the report list the classes with their ids", async () => {
  const { folder, out } = await trainSpec(sequences, { "d.jsonl": jsonl(lines) });
  const spec = join(folder, "spec.json");
  writeFileSync(spec, JSON.stringify(sequences));
  const dryRun = await rnnx("train", spec, "--dry-run");
  expect(dryRun.stdout).toContain("classes  0 common, 1 medium, 2 rare");
  const dryRecord = records((await rnnx("train", spec, "--dry-run", "--json")).stdout).at(-1);
  expect(dryRecord).toMatchObject({ event: "result", classes });
  expect((await rnnx("inspect", out)).stdout).toContain("classes: 0 common, 1 medium, 2 rare");
  const record = records((await rnnx("inspect", out, "--json")).stdout).at(-1);
  expect(record).toMatchObject({ event: "result", run: { classes } });
  const report = await createReport(out);
  expect(report.ok && report.value).toContain("0 common, 1 medium, 2 rare");
});

describe("a run that was trained with another order", () => {
  test("is resumed, and keeps it", async () => {
    const { folder, out, spec } = await trainSpec(sequences, { "d.jsonl": jsonl(lines) });
    const order = ["rare", "common", "medium"];
    const digestOf = async (recorded?: readonly string[]) => {
      const opened = await openData(spec, folder, undefined, new Map(recorded && [[null, recorded]]));
      return opened.ok ? opened.value.digest : "";
    };
    const replaceIn = (file: string, from: string, to: string) => {
      const before = readFileSync(file, "utf8");
      const after = before.replace(from, to);
      expect(after).not.toBe(before);
      writeFileSync(file, after);
      return [before, after].map((text) => createHash("sha256").update(text).digest("hex"));
    };
    const checkpoint = join(out, runFiles.checkpoints, "step-00000001");
    const [before = "", after = ""] = replaceIn(
      join(checkpoint, "state.json"),
      await digestOf(),
      await digestOf(order),
    );
    replaceIn(join(checkpoint, "files.json"), before, after);
    const data = join(out, runFiles.data);
    const record = JSON.parse(readFileSync(data, "utf8"));
    writeFileSync(data, JSON.stringify({ ...record, metadata: { ...record.metadata, classes: order } }));

    const longer = { ...spec, train: { ...spec.train, steps: 2 } };
    const request = { spec: longer, folder, out, device: "cpu", resume: true, init: null, disabledPasses: [] } as const;
    const { outcome } = await run(request);
    expect(outcome).toMatchObject({ ok: true, value: { step: 2 } });
    expect(JSON.parse(readFileSync(data, "utf8")).metadata.classes).toEqual(order);
  });
});
