import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { HDF5_SIGNATURE, type loadHdf5 } from "../../../runtime/import/hdf5.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import { specOf } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

vi.mock("../../../runtime/import/hdf5.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../../runtime/import/hdf5.js")>();
  const missing = Object.assign(new Error("Cannot find package 'h5wasm'"), { code: "ERR_MODULE_NOT_FOUND" });
  return { ...original, loadHdf5: () => original.loadHdf5(() => Promise.reject(missing)) };
});

test("weights of Keras without the optional package h5wasm", async () => {
  const file = join(temporaryFolder(), "model.weights.h5");
  writeFileSync(file, HDF5_SIGNATURE);
  const result = await readInitialWeights({ file, maps: [] }, { spec: specOf({}), parameters: [] });
  expect(result).toMatchObject({
    error: [
      {
        code: "missing-package",
        path: "",
        file,
        message: `"${file}" is an HDF5 file. rnnx reads HDF5 with the package h5wasm, which is not installed.`,
        hint: "Install it: npm install h5wasm@0.10.3",
      },
    ],
  });
});

test("an error of an installed package is thrown", async () => {
  const { loadHdf5: load } = await vi.importActual<{ loadHdf5: typeof loadHdf5 }>("../../../runtime/import/hdf5.js");
  await expect(load(() => Promise.reject(new Error("bad WebAssembly")))).rejects.toThrow("bad WebAssembly");
});
