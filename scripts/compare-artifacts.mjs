/**
 * Compares the compiled models of two builds: train.onnx, eval.onnx, model.onnx and stream.onnx of every gallery spec, byte for byte and,
 * where bytes differ, node by node without names and documentation. The other build is a checkout of an earlier commit after `npm ci`.
 * Exit code 1 when the nodes of a model differ.
 *
 *     node scripts/compare-artifacts.mjs --other ../rnnx-before
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import pkg from "onnx-proto";
import { flagsOf } from "./flags.mjs";

const { onnx } = pkg;

const root = fileURLToPath(new URL("..", import.meta.url));
const { other } = flagsOf(import.meta.filename, { other: ".." });
const folder = mkdtempSync(join(tmpdir(), "rnnx-artifacts-"));

/** The models of a spec by file name, compiled by a build from its own copy of the spec. */
function compile(build, name) {
  const out = join(folder, "out");
  rmSync(out, { recursive: true, force: true });
  const args = [join(build, "bin/rnnx.js"), "compile", join(build, "specs", name), "--out", out];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${build}: compile ${name} ended with ${status}: ${stderr}`);
  const models = readdirSync(out).filter((file) => file.endsWith(".onnx"));
  return new Map(models.map((file) => [file, readFileSync(join(out, file))]));
}

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A graph as text, with values numbered in the order in which they appear. */
function structureOf({ input, initializer, node, output }, numbers = new Map()) {
  const number = (name) => {
    if (!numbers.has(name)) numbers.set(name, numbers.size);
    return name === "" ? "" : `v${numbers.get(name)}`;
  };
  const list = (names) => names.map(number).join();
  const attribute = ({ name, g, t, ...rest }) => {
    if (g) return `${name}={${structureOf(g, numbers)}}`;
    const tensor = t ? { t: { ...t, name: "" } } : {};
    return `${name}=${hash(onnx.AttributeProto.encode({ name, ...rest, docString: "", ...tensor }).finish())}`;
  };
  return [
    `in ${list(input.map(({ name }) => name))}`,
    ...initializer.map(
      (one) => `${number(one.name)} = ${hash(onnx.TensorProto.encode({ ...one, name: "" }).finish())}`,
    ),
    ...node.map(
      (one) => `${list(one.output)} = ${one.opType}(${list(one.input)}) ${one.attribute.map(attribute).join(" ")}`,
    ),
    `out ${list(output.map(({ name }) => name))}`,
  ].join("\n");
}

const structure = (model) => structureOf(onnx.ModelProto.decode(model).graph);

let [same, renamed, different] = [0, 0, 0];
try {
  for (const name of readdirSync(join(root, "specs")).filter((file) => file.endsWith(".json"))) {
    const [before, after] = [compile(resolve(other), name), compile(root, name)];
    for (const file of new Set([...before.keys(), ...after.keys()])) {
      const [old, current] = [before.get(file), after.get(file)];
      if (old !== undefined && current !== undefined && old.equals(current)) same++;
      else if (old !== undefined && current !== undefined && structure(old) === structure(current)) renamed++;
      else {
        different++;
        console.log(`${name}: the nodes of ${file} differ`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${same} models are the same bytes, ${renamed} differ in names alone, ${different} in their nodes`);
process.exitCode = different === 0 ? 0 : 1;
