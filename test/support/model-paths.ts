/** One trained model by every path: evaluation, prediction, exported forms, their programs, and the web page. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { vi } from "vitest";
import type { ExportForm } from "../../compiler/export/options.js";
import { openData } from "../../runtime/data/index.js";
import { createEvaluator } from "../../runtime/evaluation/evaluator.js";
import { exportModel } from "../../runtime/export/index.js";
import { openPredictor } from "../../runtime/predict/predictor.js";
import { openRun, readRunWeights } from "../../runtime/run/open.js";
import { elementCount, type NumericArray } from "../../runtime/tensors/array.js";
import { feedsOf, tensorOf } from "../../runtime/tensors/ort.js";
import { exportWeb } from "../../runtime/web/export-web.js";
import type { NormalData } from "../../schema/normal/index.js";
import { loadModel, type Model } from "../../web/load-model.js";
import type { SpecExample } from "./page-specs.js";
import { root } from "./spawn.js";
import { trainSpec } from "./training-runs.js";

/** The outputs of one example, row-major: of each valid step, or of the sequence. */
export type Outputs = readonly number[];

export type ModelPaths = Awaited<ReturnType<typeof openPaths>>;

/** Arrays of all examples by port, in the units of the data. */
export type RawArrays = ReadonlyMap<string, NumericArray>;

function expectValue<T>(result: { readonly ok: true; readonly value: T } | { readonly ok: false }): T {
  if (!result.ok) throw new Error(JSON.stringify(result));
  return result.value;
}

export async function openPaths({ spec, files }: SpecExample) {
  const { out, folder } = await trainSpec(spec, files);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const run = expectValue(openRun(out));
  const { manifest, metadata } = run;
  const predictor = openPredictor(run, "cpu");

  return {
    run,

    /** An output of evaluation for all examples, scaled as in training. @param data other data */
    async evaluated(batchSize: number, data: NormalData = run.spec.data, port?: string): Promise<readonly Outputs[]> {
      const all = {
        ...data.split,
        train: 1,
        validation: 0,
        test: 0,
        stratify: false,
        folds: null,
        fold: 1,
        group: null,
        by: "fraction" as const,
        column: null,
        files: { validation: null, test: null },
      };
      const source = expectValue(await openData({ ...run.spec, data: { ...data, split: all } }, out, metadata));
      const session = await InferenceSession.create(join(out, "eval.onnx"));
      const evaluator = await createEvaluator(session, manifest, source);
      const parameters = feedsOf(expectValue(readRunWeights(run, "end")).parameters);
      const outputs: Outputs[] = [];
      for await (const { batch, output } of evaluator.outputs(parameters, source.splits.train, batchSize, port)) {
        const width = output.data.length / batch.length;
        for (const [row, example] of batch.entries())
          outputs[example] = Array.from(output.data.slice(row * width, (row + 1) * width), Number);
      }
      return outputs;
    },

    async predicted(name: string, content: string | Uint8Array) {
      writeFileSync(join(folder, name), content);
      const { predictions, scores } = expectValue(await predictor.predict(name, folder, null));
      return { predictions, outputs: scores?.map(({ data }): Outputs => Array.from(data)) ?? [] };
    },

    /** The session and the programs of an exported form. */
    async exported(form: ExportForm) {
      const file = join(folder, `${form}.onnx`);
      const { model } = expectValue(await exportModel({ run: out, out: file, form, snippets: true }));
      const session = await InferenceSession.create(file);
      const output = ["probabilities", "outputs"].find((name) => session.outputNames.includes(name)) ?? "tokens";
      return { session, inputs: model.inputs, output, program: (kind: string) => join(folder, `${form}.use.${kind}`) };
    },

    /** The model of the web page, as the page loads it. */
    async page(): Promise<Model> {
      const web = join(folder, "web");
      expectValue(await exportWeb({ run: out, out: web, weights: "end", samples: true }));
      vi.stubGlobal("fetch", async (name: string) => new Response(readFileSync(join(web, name))));
      return loadModel().finally(() => vi.unstubAllGlobals());
    },
  };
}

export type Exported = Awaited<ReturnType<ModelPaths["exported"]>>;

/** @param lengths the valid steps of each example; of another axis than time they are not less than its steps. */
export async function runSequences(
  { session, inputs, output }: Exported,
  arrays: RawArrays,
  lengths: readonly number[],
) {
  const feeds = Object.fromEntries(inputs.map(({ name }) => [name, tensorOf(arrays.get(name) as NumericArray)]));
  const { [output]: result } = await session.run(feeds);
  const { data, dims } = result as Tensor;
  const width = elementCount(dims.slice(1));
  return lengths.map((length, row): Outputs => {
    const steps = dims.length > 2 ? Math.min(length, dims[1] ?? 0) : 1;
    const size = dims.length > 2 ? (width / (dims[1] ?? 1)) * steps : width;
    return Array.from((data as Float32Array).slice(row * width, row * width + size));
  });
}

/** The outputs of each step of one example, and those of the last step. */
export async function runSteps(
  { session, inputs, output }: Exported,
  arrays: RawArrays,
  example: number,
  length: number,
  initial: ReadonlyMap<string, Float32Array>,
) {
  const states = new Map<string, Tensor>(
    inputs
      .filter(({ role }) => role === "state")
      .map(({ name, shape }) => {
        const size = Number(shape[1]);
        const given = arrays.get(name)?.data.slice(example * size, (example + 1) * size) as Float32Array | undefined;
        return [name, new Tensor("float32", given ?? initial.get(name) ?? new Float32Array(size), [1, size])] as const;
      }),
  );
  const steps: number[][] = [];
  for (let step = 0; step < length; step++) {
    const feeds = inputs.map(({ name, shape }) => {
      const state = states.get(name);
      const {
        dtype,
        shape: axes,
        data,
      } = arrays.get(name) ?? { dtype: "float32", shape: [], data: new Float32Array() };
      const hasTime = axes.length > shape.length;
      const rest = axes.slice(hasTime ? 2 : 1);
      const width = elementCount(rest);
      const start = hasTime ? (example * (axes[1] ?? 1) + step) * width : example * width;
      const slice = data.slice(start, start + width) as Float32Array;
      return [name, state ?? tensorOf({ dtype, shape: [1, ...rest], data: slice } as NumericArray)];
    });
    const results = await session.run(Object.fromEntries(feeds));
    for (const name of states.keys()) states.set(name, results[`next/${name}`] as Tensor);
    steps.push(Array.from(results[output]?.data as Float32Array));
  }
  return { all: steps.flat(), last: steps.at(-1) ?? [] };
}

const runProgram = promisify(execFile);

/** The output of the program for Node, run as a process. */
export async function nodeOutput({ program }: Exported): Promise<string> {
  return (await runProgram(process.execPath, [program("mjs")])).stdout.replace(/\r?\n$/, "");
}

export const pythonRuns = spawnSync("python3", ["-c", "import onnxruntime, numpy"]).status === 0;

export async function pythonOutput({ program }: Exported): Promise<string> {
  return (await runProgram("python3", [program("py")])).stdout.replace(/\r?\n$/, "");
}
