/**
 * `inspect --device cuda` places the nodes of every gallery spec as ONNX Runtime's CUDA provider does. It needs the provider's
 * files: scripts/fetch-cuda-provider.mjs writes them to a folder, which RNNX_CUDA_PROVIDER names.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { readNodes } from "../../../compiler/onnx/read/nodes.js";
import { shapeArithmetic } from "../../../compiler/portability/shape-arithmetic.js";
import { openData } from "../../../runtime/data/index.js";
import { resolveBatchSize } from "../../../runtime/memory/batch-size.js";
import { resolveClassWeights } from "../../../runtime/training/class-weights.js";
import { readSpecFile } from "../../../schema/read.js";

const provider = process.env.RNNX_CUDA_PROVIDER ?? "";
const specs = join(import.meta.dirname, "../../../specs");
const folder = mkdtempSync(join(tmpdir(), "rnnx-cuda-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files of the training step and the evaluation of a spec, in float32 and float16; none without the spec's data. */
async function modelsOf(name: string): Promise<readonly string[]> {
  const read = await readSpecFile(join(specs, name));
  if (!read.ok) throw new Error(`${name} is wrong`);
  const opened = await openData(read.spec, specs);
  if (!opened.ok) return [];
  const weighted = resolveClassWeights(read.spec, opened.value);
  if (!weighted.ok) throw new Error(`${name} has wrong class weights`);
  const { spec } = await resolveBatchSize(weighted.value.spec, opened.value);
  const files: string[] = [];
  for (const precision of [
    "float32",
    { type: "float16", loss_scale: { initial: 1024, growth_interval: 100 } },
  ] as const) {
    const compiled = await compile(
      { ...spec, train: { ...spec.train, precision } },
      opened.value.signature(spec.train),
    );
    if (!compiled.ok) throw new Error(`${name} does not compile`);
    const { train, eval: evaluation } = compiled.artifact;
    for (const [form, bytes] of Object.entries({ train, eval: evaluation })) {
      const type = typeof precision === "string" ? precision : precision.type;
      const file = join(folder, `${name.replace(".json", "")}.${type}.${form}.onnx`);
      writeFileSync(file, bytes);
      files.push(file);
    }
  }
  return files;
}

/** Names of the nodes on the CPU by the provider's log, by model; the message of a model that does not open. */
function placedOnCpu(files: readonly string[]): ReadonlyMap<string, readonly string[] | string> {
  const { stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "../../support/cuda-placement.mjs")], {
    input: files.join("\n"),
    env: { ...process.env, LD_LIBRARY_PATH: join(provider, "stand-ins") },
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  const logs = stderr.split(/^@@ (?!error )/m).slice(1);
  return new Map(logs.map((log) => [log.split("\n", 1)[0] ?? "", cpuNodes(log)] as const));
}

function cpuNodes(log: string): readonly string[] | string {
  const failure = /^@@ error (.*)$/m.exec(log);
  if (failure !== null) return failure[1] ?? "";
  const sections = log.split(/(?:Node\(s\)|All nodes) placed on /).slice(1);
  return sections
    .filter((section) => section.startsWith("[CPU"))
    .flatMap((section) => [...section.matchAll(/VerifyEachNodeIsAssignedToAnEp\]\s+\S+ \((.*)\)$/gm)])
    .map(([, name = ""]) => name)
    .sort();
}

test.skipIf(provider === "")(
  `nodes on the CPU, by name${provider === "" ? " (skipped: RNNX_CUDA_PROVIDER names no folder)" : ""}`,
  async () => {
    const files: string[] = [];
    for (const name of readdirSync(specs).filter((file) => file.endsWith(".json")))
      files.push(...(await modelsOf(name)));
    const placed = placedOnCpu(files);
    expect(placed.size).toBe(files.length);
    const expected = (file: string) =>
      [...shapeArithmetic(readNodes(readFileSync(file)))].map(({ names: { outputs } }) => outputs[0]).sort();
    expect([...placed]).toEqual(files.map((file) => [file, expected(file)]));
  },
  1_200_000,
);
