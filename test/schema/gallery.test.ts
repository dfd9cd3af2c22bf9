/** Every spec of the gallery is valid, and its normal form is a spec that normalizes to itself. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../schema/package-root.js";
import { readSpec, readSpecFile } from "../../schema/read.js";

const root = packageRoot();
const gallery = readdirSync(join(root, "specs")).filter((file) => file.endsWith(".json"));
const training = readdirSync(join(root, "test", "fixtures", "training"));
const files = [
  ...gallery.map((file) => join("specs", file)),
  ...training.map((name) => join("test", "fixtures", "training", name, "spec.json")),
];

test.each(files)("%s is valid, and normal specs are fixed points", async (file) => {
  const once = await readSpecFile(join(root, file));
  if (!once.ok) expect.fail(JSON.stringify(once.diagnostics, null, 2));
  const twice = await readSpec(JSON.stringify(once.spec));
  if (!twice.ok) expect.fail(JSON.stringify(twice.diagnostics, null, 2));
  expect(twice.spec).toEqual(once.spec);
});

test.each([
  { by: "files", files: { validation: "held-out.jsonl" } },
  { by: "column", column: "part" },
  { folds: 5 },
  { folds: 3, validation: 0.1 },
])("the normal form of the split %j is a spec that normalizes to itself", async (split) => {
  const once = await readSpec(
    JSON.stringify({
      name: "split",
      data: { type: "sequences", file: "lines.jsonl", split },
      model: [{ layer: "embedding", size: 4 }, { layer: "pool" }, { layer: "projection", size: "classes" }],
      loss: { type: "cross_entropy" },
      optimizer: { type: "adam" },
      train: { steps: 1 },
    }),
  );
  if (!once.ok) expect.fail(JSON.stringify(once.diagnostics, null, 2));
  const twice = await readSpec(JSON.stringify(once.spec));
  expect(twice).toMatchObject({ ok: true, spec: once.spec });
});
