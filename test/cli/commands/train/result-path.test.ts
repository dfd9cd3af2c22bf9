/** The last line of a training names a file that exists: the model, or the weights of a model with external data. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { resultPath } from "../../../../cli/commands/train/console.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

test("a run without a model has weights", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "weights.safetensors"), "");
  expect(resultPath(folder)).toBe(`trained weights: ${join(folder, "weights.safetensors")}`);
  writeFileSync(join(folder, "model.onnx"), "");
  expect(resultPath(folder)).toBe(`trained model: ${join(folder, "model.onnx")}`);
});
