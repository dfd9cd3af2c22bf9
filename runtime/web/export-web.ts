/** A page that runs a trained model in a browser, and one that trains it further there: static files, which need no other host. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Artifact } from "../../compiler/artifact.js";
import type { NormalOptimizer, NormalSpec } from "../../schema/normal/index.js";
import { installCommand, packageRoot, packageVersion } from "../../schema/package-root.js";
import { usesOf } from "../data/source.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { recordedMetrics } from "../run/layout.js";
import { openRun, type Run, readRunWeights, type Weights, type WeightsSelector } from "../run/open.js";
import { durableFs } from "../storage/durable-fs.js";
import { writeSafetensors } from "../tensors/safetensors.js";
import { type PageManifest, pageFiles, type SampleData } from "./page-manifest.js";
import { readSamples } from "./sample-data.js";
import { type PageFile, writePageFolder } from "./write-page.js";

export interface WebRequest {
  /** The run directory. */
  readonly run: string;
  /** The folder of the page: made where it is not there, and otherwise empty or an earlier page. */
  readonly out: string;
  readonly weights: WeightsSelector;
  /** Whether the page brings some of the run's data along. */
  readonly samples: boolean;
}

export interface WebSummary {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly notices: readonly string[];
}

export type WebOutcome = Result<WebSummary, RunFailure>;

/** Of onnxruntime-web, in the page's folder `ort`: its interface, and the WebAssembly with its glue. */
const runtimeFiles = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

export async function exportWeb(request: WebRequest): Promise<WebOutcome> {
  const opened = openRun(request.run);
  if (!opened.ok) return invalidInput(opened.error);
  const run = opened.value;
  const folderProblem = checkPageFolder(request.out);
  if (folderProblem !== undefined) return invalidInput([folderProblem]);
  const runtime = findRuntime();
  if (!runtime.ok) return invalidInput(runtime.error);
  const weightsResult = readRunWeights(run, request.weights);
  if (!weightsResult.ok) return invalidInput(weightsResult.error);

  const { compile } = await import("../../compiler/compile.js");
  const compiled = await compile(fineTuningSpec(run.spec), run.signature);
  if (!compiled.ok) return invalidInput(compiled.problems);
  const { artifact } = compiled;
  const mismatch = weightsProblem(run, weightsResult.value, artifact);
  if (mismatch !== undefined) return invalidInput([mismatch]);

  const { samples, notices } = request.samples ? await samplesOf(run) : { samples: null, notices: [] };
  const files: readonly PageFile[] = [
    ...codeFiles(),
    ...runtimeFiles.map((name) => ({ name: `ort/${name}`, copyOf: join(runtime.value, name) })),
    ...modelFiles(artifact, weightsResult.value),
    // The page's own file is last: where it is, all is there.
    {
      name: pageFiles.page,
      content: Buffer.from(JSON.stringify(pageManifest(run, weightsResult.value, artifact, samples))),
    },
  ];
  return ok({ files: await writePageFolder(durableFs, request.out, files), notices });
}

/**
 * The spec of the model as a page trains it: the reader of the page chooses the learning rate, as a share of the spec's, by
 * the input that a plateau's fall would use. Weights are read as they are, not averaged.
 */
function fineTuningSpec(spec: NormalSpec): NormalSpec {
  const schedule = {
    type: "plateau",
    metric: "loss",
    mode: "min",
    factor: 0.5,
    patience: 1,
    minimum_delta: 0,
    cooldown: 0,
    minimum_ratio: 0,
    warmup_steps: 0,
  } as const;
  const optimizer: NormalOptimizer = { ...spec.optimizer, schedule, average: null };
  // Browsers compute such models on the processor, which has no float16.
  const precision = "float32" as const;
  const train = { ...spec.train, precision, accumulate: 1, sample: null, early_stopping: null, keep_best: null };
  return { ...spec, optimizer, train };
}

/** Why the weights are not of the model as this version of rnnx compiles it. */
function weightsProblem({ folder }: Run, { parameters }: Weights, { manifest }: Artifact): RunProblem | undefined {
  const mismatched = manifest.parameters.find(({ name, shape }) => parameters.get(name)?.shape.join() !== shape.join());
  if (mismatched === undefined) return undefined;
  const message = `The weights of "${folder}" do not fit its spec any more: ${mismatched.name} is not [${mismatched.shape.join(", ")}] there.`;
  return { code: "old-run", path: "", message, hint: "Another version of rnnx left this run. Train it again." };
}

function pageManifest(run: Run, { step }: Weights, { manifest }: Artifact, samples: SampleData | null): PageManifest {
  const { spec, metadata } = run;
  const { parameters, slots, train, model, stream } = manifest;
  const { inputs, targets, everyStep } = usesOf(spec);
  const { data } = spec;
  return {
    format: 1,
    rnnx: packageVersion(),
    name: spec.name,
    seed: spec.seed,
    step,
    metrics: recordedMetrics(run.folder, step),
    model: spec.model,
    loss: spec.loss,
    uses: { inputs, targets, everyStep },
    metadata,
    manifest: { parameters, slots, train, model, stream },
    training: {
      train: fineTuningSpec(spec).train,
      optimizer: spec.optimizer.type,
      learning_rate: spec.optimizer.learning_rate,
      window: "window" in data ? data.window : null,
      stride: "stride" in data ? data.stride : 1,
      horizon: "horizon" in data ? data.horizon : 1,
    },
    samples,
  };
}

/** A page does without samples where the data are gone. */
async function samplesOf(
  run: Run,
): Promise<{ readonly samples: SampleData | null; readonly notices: readonly string[] }> {
  const result = await readSamples(run);
  if (result.ok) return { samples: result.value, notices: [] };
  const reason = result.error[0]?.message ?? "";
  return { samples: null, notices: [`The page has no samples of the data: ${reason}`] };
}

/** Models without weights: the page puts one set of them into each. */
function modelFiles({ train, model, stream }: Artifact, { step, parameters }: Weights): readonly PageFile[] {
  return [
    { name: pageFiles.model, content: model },
    ...(stream === null ? [] : [{ name: pageFiles.stream, content: stream }]),
    { name: pageFiles.train, content: train },
    { name: pageFiles.weights, content: writeSafetensors(parameters, { step: `${step}` }) },
  ];
}

function codeFiles(): readonly PageFile[] {
  const folder = join(packageRoot(), "dist", "web");
  return readdirSync(folder).map((name) => ({ name, copyOf: join(folder, name) }));
}

/** Where onnxruntime-web lies: beside rnnx, or where the user works. */
function findRuntime(): Result<string> {
  for (const from of [import.meta.url, join(resolve(), "package.json")]) {
    try {
      const folder = dirname(createRequire(from).resolve("onnxruntime-web/wasm"));
      if (runtimeFiles.every((name) => existsSync(join(folder, name)))) return ok(folder);
    } catch {
      // Not there: looked for in the next place.
    }
  }
  return fail([
    {
      code: "web-runtime",
      path: "",
      message: "The page runs models with onnxruntime-web, which is not installed.",
      hint: `Install it: ${installCommand("onnxruntime-web")}`,
    },
  ]);
}

/** The problem of a folder that holds something else than a page. */
function checkPageFolder(out: string): RunProblem | undefined {
  const problem = (message: string) => ({
    code: "web-folder",
    path: "",
    message,
    hint: "Name a new folder with --web.",
  });
  let names: readonly string[];
  try {
    names = readdirSync(out);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR") return problem(`"${out}" is a file.`);
    throw error;
  }
  if (names.length === 0 || names.includes(pageFiles.page)) return undefined;
  return problem(`"${out}" holds ${names[0]} and is no page, and its files might be replaced.`);
}
