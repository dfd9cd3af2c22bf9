/** Signatures inferred from specs, compared with those of the files. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ArraySignature, type Signature, targetArrays } from "../../../compiler/signature.js";
import { inferSignature } from "../../../runtime/data/data-signature.js";
import { openData } from "../../../runtime/data/index.js";
import { readSpecFile } from "../../../schema/read.js";

const folder = join(import.meta.dirname, "../../../specs");
const specs = readdirSync(folder).filter((file) => file.endsWith(".json"));

/** The arrays of a signature by port. */
function ports({ inputs, targets, lengths, weights, ...rest }: Signature): ReadonlyMap<string, ArraySignature> {
  const entries = [...targetArrays({ targets }), ...Object.entries({ inputs, lengths, weights, ...rest.side_inputs })];
  return new Map(entries.flatMap(([name, array]) => (array === undefined ? [] : [[name, array] as const])));
}

test.each(specs)("%s", async (file) => {
  const read = await readSpecFile(join(folder, file));
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  const opened = await openData(read.spec, folder);
  // Some data is too large for the repository.
  if (!opened.ok) {
    expect(opened.error.map(({ code }) => code)).toEqual(["file-missing"]);
    return;
  }
  const outline = await inferSignature(read.spec, folder);
  if (!outline.ok) throw new Error(outline.error.map(({ message }) => message).join("\n"));
  const [outlined] = outline.value.signatures;
  if (outlined === undefined) throw new Error("nothing was guessed");
  const actual = opened.value.signature(read.spec.train);
  expect([...ports(outlined).keys()].sort()).toEqual([...ports(actual).keys()].sort());
  for (const [name, { dtype, shape }] of ports(actual)) {
    const outlinedPort = ports(outlined).get(name);
    expect({ name, dtype: outlinedPort?.dtype, rank: outlinedPort?.shape.length }).toEqual({
      name,
      dtype,
      rank: shape.length,
    });
    // A size known from the spec equals the data's.
    for (const [axis, dim] of shape.entries()) {
      if (typeof outlinedPort?.shape[axis] === "number") expect(outlinedPort.shape[axis]).toBe(dim);
      if (dim === "batch" || dim === "time") expect(outlinedPort?.shape[axis]).toBe(dim);
    }
  }
  if ("window" in read.spec.data) expect(outlined.steps).toBe(read.spec.data.window);
  if (outlined.steps !== undefined) expect(outlined.steps).toBe(actual.steps);
  expect(Object.keys(outlined.sizes).sort()).toEqual(Object.keys(actual.sizes).sort());
});
