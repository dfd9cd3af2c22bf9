/**
 * Compares the compiled models of two builds byte for byte: train.onnx, eval.onnx, model.onnx and stream.onnx of every gallery spec.
 * The other build is a checkout of an earlier commit after `npm ci`. Exit code 1 when a model differs.
 *
 *     node scripts/compare-artifacts.mjs --other ../rnnx-before
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { flagsOf } from "./flags.mjs";

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

let [same, different] = [0, 0];
try {
  for (const name of readdirSync(join(root, "specs")).filter((file) => file.endsWith(".json"))) {
    const [before, after] = [compile(resolve(other), name), compile(root, name)];
    for (const file of new Set([...before.keys(), ...after.keys()])) {
      const isSame = before.get(file)?.equals(after.get(file) ?? new Uint8Array()) === true;
      if (isSame) same++;
      else different++;
      if (!isSame)
        console.log(
          `${name}: ${file} differs (${before.get(file)?.length ?? 0} and ${after.get(file)?.length ?? 0} bytes)`,
        );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${same} models are the same, ${different} differ`);
process.exitCode = different === 0 ? 0 : 1;
