/** Weights of a model in another file: read from the model's folder, refused elsewhere. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { onnx } from "onnx-proto";
import { expect, test } from "vitest";
import { importModel } from "../../../compiler/importer/index.js";
import { externalDataReader } from "../../../runtime/import/external-data.js";
import { graphProto, modelBytes } from "../../support/onnx-models.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

/** A folder with a file of weights, in a folder with another file. */
function modelFolder(): string {
  const outer = temporaryFolder();
  const folder = join(outer, "model");
  mkdirSync(folder);
  writeFileSync(join(folder, "w.bin"), Buffer.from(Float32Array.of(9, 1, 2, 3).buffer));
  writeFileSync(join(outer, "secret.bin"), Buffer.from(Float32Array.of(1, 2, 3).buffer));
  return folder;
}

function importWith(entries: Readonly<Record<string, string>>) {
  const graph = graphProto({
    inputs: { x: { shape: ["n", 3] } },
    nodes: [{ operator: "Add", inputs: ["x", "w"], outputs: ["y"] }],
    outputs: ["y"],
  });
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const initializer = [{ name: "w", dataType: 1, dims: [3], dataLocation: 1, externalData } as onnx.ITensorProto];
  const bytes = modelBytes({ ...graph, initializer });
  const imported = importModel(bytes, { external: externalDataReader(join(modelFolder(), "model.onnx")) });
  if (!imported.ok) throw new Error(imported.problem.message);
  return imported.model;
}

test("numbers are read from their place in the file", () => {
  const { weights, refused } = importWith({ location: "w.bin", offset: "4", length: "12" });
  expect(refused).toEqual([]);
  expect([...(weights[0]?.values() ?? [])]).toEqual([1, 2, 3]);
});

test.each([
  ["a file outside of the folder", { location: "../secret.bin" }, "outside of the model's folder"],
  ["an absolute path", { location: "/etc/hostname" }, "absolute path"],
  ["a missing file", { location: "none.bin" }, "does not exist"],
  ["numbers beyond the end of the file", { location: "w.bin", offset: "8" }, "ends at byte 20"],
  ["too few bytes", { location: "w.bin", offset: "0", length: "8" }, "its shape needs 12"],
])("%s is refused before anything is trained", (_, entries, reason) => {
  const { refused, outputs } = importWith(entries as Record<string, string>);
  expect(refused.map((each) => each.reason).join()).toContain(reason);
  expect(outputs[0]?.value).toBeUndefined();
});
