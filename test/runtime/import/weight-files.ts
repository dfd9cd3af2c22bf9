/** Weights files as PyTorch and Keras write them, and models initialized from them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Dataset } from "h5wasm";
import { Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import { crc32 } from "../../../runtime/data/formats/zip.js";
import type { NameMap } from "../../../runtime/import/index.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import { type Tensor, writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import { build, filled, openModel } from "../../support/artifacts.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import type { Matrix } from "./framework-layers.js";

export type Named = Readonly<Record<string, Tensor>>;

export function writeTemporary(name: string, bytes: Uint8Array): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, bytes);
  return file;
}

/** A safetensors file with tensors ordered by name. */
export function stateDict(tensors: Named): string {
  const sorted = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  return writeTemporary("model.safetensors", writeSafetensors(new Map(sorted)));
}

export interface Attributes {
  /** By the path of a group. */
  readonly [path: string]: Readonly<Record<string, string | readonly string[]>>;
}

/** An HDF5 file of datasets by path. */
export async function hdf5(tensors: Named, attributes: Attributes = {}): Promise<Uint8Array> {
  const { default: library } = await import("h5wasm");
  const { FS } = await library.ready;
  const filePath = "/written.h5";
  const file = new library.File(filePath, "w");
  const group = (path: readonly string[]) => {
    path.forEach((_, depth) => {
      const groupPath = path.slice(0, depth + 1).join("/");
      if (file.get(groupPath) === null) file.create_group(groupPath);
    });
    return path.length === 0 ? file : file.get(path.join("/"));
  };
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    group(name.split("/").slice(0, -1));
    file.create_dataset({ name, data, shape: [...shape], dtype: "<f" });
  }
  for (const [path, values] of Object.entries(attributes)) {
    const target = group(path.split("/").filter(Boolean)) as unknown as Pick<Dataset, "create_attribute">;
    for (const [key, value] of Object.entries(values))
      target.create_attribute(key, typeof value === "string" ? value : [...value]);
  }
  file.flush();
  file.close();
  const bytes = Uint8Array.from(FS.readFile(filePath));
  FS.unlink(filePath);
  return bytes;
}

/** A zip archive of stored members, as `.keras` files are. */
export function archive(members: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, bytes] of Object.entries(members)) {
    const header = Buffer.alloc(30 + name.length);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt32LE(crc32(bytes), 14);
    header.writeUInt32LE(bytes.length, 18);
    header.writeUInt32LE(bytes.length, 22);
    header.writeUInt16LE(name.length, 26);
    header.write(name, 30);
    const entry = Buffer.alloc(46 + name.length);
    entry.writeUInt32LE(0x02014b50, 0);
    header.copy(entry, 16, 14, 28);
    entry.writeUInt32LE(offset, 42);
    entry.write(name, 46);
    parts.push(header, bytes);
    directory.push(entry);
    offset += header.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

/** The predictions of a spec's model with weights of a file for its examples. */
export async function outputsOf(spec: object, file: string, maps: readonly NameMap[] = []): Promise<number[]> {
  const compiled = await build({
    loss: { type: "squared_error" },
    optimizer: { type: "sgd", learning_rate: 0.1 },
    ...spec,
  });
  const { parameters, model } = compiled.artifact.manifest;
  const read = await readInitialWeights({ file, maps }, { spec: compiled.spec, parameters });
  if (!read.ok) throw new Error(read.error.map(({ message, hint }) => `${message} ${hint ?? ""}`).join("\n"));
  expect([...read.value.tensors.keys()].sort()).toEqual(parameters.map(({ name }) => name).sort());
  const weights = Object.fromEntries(
    [...read.value.tensors].map(([name, { shape, data }]) => [name, new OrtTensor("float32", data, shape)]),
  );
  const session = await openModel(filled(compiled.artifact.model, compiled.artifact, weights));
  const inputs = compiled.batch.get("inputs");
  if (inputs === undefined) throw new Error("no inputs");
  const results = await session.run({ inputs: new OrtTensor(inputs.dtype, inputs.data, inputs.shape) });
  const [output] = model.outputs.filter(({ role }) => role === "prediction");
  const data = results[output?.name ?? ""]?.data as Float32Array;
  await session.release();
  return [...data];
}

export function expectNumbers(actual: readonly number[], expected: Matrix): void {
  const flat = expected.flat();
  expect(actual).toHaveLength(flat.length);
  for (const [index, value] of flat.entries()) expect(Math.abs((actual[index] ?? 0) - value)).toBeLessThan(1e-6);
}
