/** Specs of a loss and an optimizer, for models that other programs made. */
import { readSpec } from "../../schema/read.js";
import type { Spec } from "../../schema/spec.types.js";

export async function readTestSpec(loss: string, optimizer: object) {
  const spec = {
    name: "model",
    data: { type: "arrays", inputs: "inputs.npy", targets: "targets.npy" },
    model: [{ layer: "projection", size: 1 }],
    loss: { type: loss },
    optimizer,
    train: { steps: 1 },
  } as Spec;
  const read = await readSpec(spec);
  if (!read.ok) throw new Error(read.diagnostics.map(({ message }) => message).join("\n"));
  return read.spec;
}
