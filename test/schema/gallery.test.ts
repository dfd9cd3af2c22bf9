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
