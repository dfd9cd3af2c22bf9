/** Targets that read files from a folder, and the files as they should be. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";

export const root = join(import.meta.dirname, "../..");
/** A module of the built program. */
export const from = (path) => import(join(root, "dist", path));

function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-fuzz-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What is refused must be said. */
export function expectProblems(problems) {
  if (problems.length === 0) throw new Error("refused without a word");
  for (const { code, message } of problems)
    if (!/^[a-z0-9-]+$/.test(code) || message === "") throw new Error(`an unclear problem: ${code} ${message}`);
}

/** Reads a file of data as a training does. */
export async function dataTarget(file, content, seeds) {
  const [{ openData }, { readSpec }] = await Promise.all([from("runtime/data/index.js"), from("schema/read.js")]);
  const folder = temporaryFolder();
  const read = await readSpec(JSON.stringify(content), { folder });
  if (!read.ok) throw new Error(JSON.stringify(read.diagnostics));
  return {
    seeds,
    async take(bytes) {
      writeFileSync(join(folder, file), bytes);
      const opened = await openData(read.spec, folder);
      if (!opened.ok) expectProblems(opened.error);
      else opened.value.batch(Uint32Array.of(0));
      return opened.ok;
    },
  };
}

export async function runTarget() {
  const [{ openRun }, good] = await Promise.all([from("runtime/run/open.js"), runFiles()]);
  const folder = temporaryFolder();
  const names = Object.keys(good);
  let turn = 0;
  return {
    seeds: Object.values(good),
    take(bytes) {
      const changed = names[turn++ % names.length];
      for (const name of names) writeFileSync(join(folder, name), name === changed ? bytes : good[name]);
      const opened = openRun(folder);
      if (!opened.ok) expectProblems(opened.error);
      return opened.ok;
    },
  };
}

/** The JSON files of a run, made without training. */
async function runFiles() {
  const [{ compile }, { readSpec }, { openData }] = await Promise.all([
    from("compiler/compile.js"),
    from("schema/read.js"),
    from("runtime/data/index.js"),
  ]);
  const { spec } = await readSpec(
    JSON.stringify({
      name: "small",
      data: { type: "text", text: "hihello", window: 6 },
      model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 2 }, { layer: "projection" }],
      loss: { type: "sequence_loss" },
      optimizer: { type: "adam", learning_rate: 0.1 },
    }),
  );
  const { value: source } = await openData(spec, "");
  const signature = source.signature(spec.train);
  const { artifact } = await compile(spec, signature);
  const json = (value) => Buffer.from(JSON.stringify(value, undefined, 2));
  return {
    "manifest.json": json(artifact.manifest),
    "spec.json": json(spec),
    "data.json": json({ format: 1, metadata: source.metadata, signature }),
  };
}

export async function arrayFiles() {
  const [{ writeNpy }, { crc32 }] = await Promise.all([
    from("runtime/data/formats/npy.js"),
    from("runtime/data/formats/zip.js"),
  ]);
  const npy = Buffer.from(writeNpy([2, 3, 1], Float32Array.of(1, 2, 3, 4, 5, 6)));
  return { npy, npz: zip("inputs.npy", npy, crc32(npy)) };
}

function zip(name, contents, checksum) {
  const packed = deflateRawSync(contents);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(8, 10);
  central.writeUInt32LE(checksum, 16);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(contents.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(30 + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}
