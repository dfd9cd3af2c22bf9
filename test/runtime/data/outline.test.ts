/** What a spec says of its data before any file is opened, against what the files say. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ArraySignature, Signature } from "../../../compiler/signature.js";
import { openData } from "../../../runtime/data/index.js";
import { outlineData } from "../../../runtime/data/outline.js";
import { readSpecFile } from "../../../schema/read.js";

const folder = join(import.meta.dirname, "../../../specs");
const specs = readdirSync(folder).filter((file) => file.endsWith(".json"));

/** The arrays of a signature by port. */
function ports({ inputs, targets, lengths, weights, ...others }: Signature): ReadonlyMap<string, ArraySignature> {
  const named = Object.entries({ inputs, targets, lengths, weights, ...others.side_inputs });
  return new Map(named.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

test.each(specs)("%s", async (file) => {
  const read = await readSpecFile(join(folder, file));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const opened = await openData(read.spec, folder);
  // Some data is too large to be kept with the specs.
  if (!opened.ok) {
    expect(opened.problems.map(({ code }) => code)).toEqual(["file-missing"]);
    return;
  }
  const outline = await outlineData(read.spec, folder);
  if (!outline.ok) throw new Error(outline.problems.map(({ message }) => message).join("\n"));
  const [guessed] = outline.signatures;
  if (guessed === undefined) throw new Error("nothing was guessed");
  const found = opened.source.signature(read.spec.train);
  expect([...ports(guessed).keys()].sort()).toEqual([...ports(found).keys()].sort());
  for (const [name, { dtype, shape }] of ports(found)) {
    const guess = ports(guessed).get(name);
    expect({ name, dtype: guess?.dtype, rank: guess?.shape.length }).toEqual({ name, dtype, rank: shape.length });
    // A number that the spec alone says is the data's too.
    for (const [axis, dim] of shape.entries()) {
      if (typeof guess?.shape[axis] === "number") expect(guess.shape[axis]).toBe(dim);
      if (dim === "batch" || dim === "time") expect(guess?.shape[axis]).toBe(dim);
    }
  }
  expect(Object.keys(guessed.sizes).sort()).toEqual(Object.keys(found.sizes).sort());
});
