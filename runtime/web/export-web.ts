/** Exports a run as static web pages that run the model in a browser and fine-tune it there. */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { Artifact } from "../../compiler/artifact.js";
import { hasKinds } from "../../schema/kinds/columns.js";
import { isProbabilistic } from "../../schema/kinds/forecasts.js";
import { lossName, outputKindOf } from "../../schema/kinds/losses.js";
import { nameOf } from "../../schema/kinds/optimizers.js";
import { ONLY_TARGET, outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalLoss, NormalOptimizer, NormalSpec } from "../../schema/normal/index.js";
import { installCommand, packageRoot, packageVersion } from "../../schema/package-root.js";
import { isStateful } from "../data/batching/stateful-batches.js";
import { idLimits } from "../data/id-limits.js";
import { usesOf } from "../data/source.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { recordedMetrics } from "../run/layout.js";
import { severalOutputsProblem } from "../run/one-output.js";
import { openRun, type Run, readRunWeights, type Weights, type WeightsSelector } from "../run/open.js";
import { predictionPort } from "../sessions/ports.js";
import { durableFs } from "../storage/durable-fs.js";
import { writeSafetensors } from "../tensors/safetensors.js";
import { type PageManifest, type PageOutput, pageFiles, type SampleData } from "./page-manifest.js";
import { readSamples } from "./sample-data.js";
import { isSeriesTable, seriesFault, seriesTable } from "./series-table.js";
import { hasForm, tableForm } from "./table-form.js";
import { type PageFile, writePageFolder } from "./write-page.js";

export interface WebRequest {
  /** The run directory. */
  readonly run: string;
  /** The folder of the page: a new or empty folder, or an earlier page. */
  readonly out: string;
  readonly weights: WeightsSelector;
  /** Include some of the run's data in the page. */
  readonly samples: boolean;
}

export interface WebSummary {
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  readonly notices: readonly string[];
}

export type WebOutcome = Result<WebSummary, RunFailure>;

/** Files of onnxruntime-web, copied to the page's folder `ort`: its API, and the WebAssembly module with its loader. */
const runtimeFiles = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

export async function exportWeb(request: WebRequest): Promise<WebOutcome> {
  const opened = openRun(request.run);
  if (!opened.ok) return invalidInput(opened.error);
  const run = opened.value;
  const unsupported = decoderProblem(run) ?? columnKindsProblem(run) ?? featuresProblem(run);
  if (unsupported !== undefined) return invalidInput([unsupported]);
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
  if (isSeriesTable(run.spec) && isStateful(artifact.manifest))
    return invalidInput([seriesProblem("reads single windows, but the states of the model continue between them")]);
  const mismatch = weightsProblem(run, weightsResult.value, artifact);
  if (mismatch !== undefined) return invalidInput([mismatch]);

  const { samples, notices } = request.samples ? await samplesOf(run) : { samples: null, notices: [] };
  const files: readonly PageFile[] = [
    ...codeFiles(canTrain(run)),
    ...runtimeFiles.map((name) => ({ name: `ort/${name}`, copyOf: join(runtime.value, name) })),
    ...modelFiles(artifact, weightsResult.value, canTrain(run)),
    // Written last: a folder with this file is complete.
    {
      name: pageFiles.page,
      content: Buffer.from(JSON.stringify(pageManifest(run, weightsResult.value, artifact, samples))),
    },
  ];
  return ok({ files: await writePageFolder(durableFs, request.out, files), notices });
}

/**
 * The spec for training in a page. The page scales the spec's learning rate through the input of the plateau schedule.
 * Weights are not averaged.
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
  // The page runs on the CPU, which has no float16 arithmetic.
  const precision = "float32" as const;
  const train = { ...spec.train, precision, accumulate: 1, sample: null, early_stopping: null, keep_best: null };
  return { ...spec, optimizer, train };
}

/** A page shows values of the targets, and the quantiles and distributions of series. */
function featuresProblem({ spec }: Run): RunProblem | undefined {
  const isShown = (loss: NormalLoss) => isProbabilistic(loss) && isSeriesTable(spec);
  const loss = spec.losses.find((other) => outputKindOf(other) === "features" && !isShown(other));
  if (loss === undefined) return undefined;
  const message = `A web page shows predictions of the target, but the outputs of ${lossName(loss)} are other numbers.`;
  return { code: "features", path: "", message, hint: "Name a file with --out in place of --web." };
}

/** The examples of a page have one target, without a name, and no kinds of columns. */
function canTrain({ spec: { losses, data } }: Run): boolean {
  if (data.type === "table" && (hasKinds(data.columns) || data.group !== null || data.known_future !== null))
    return false;
  return losses.length === 1 && losses[0]?.target === ONLY_TARGET;
}

/** A decoder continues with the one output that it decodes. */
function decoderProblem({ spec }: Run): RunProblem | undefined {
  if (spec.data.type !== "pairs") return undefined;
  return severalOutputsProblem(spec, "a web page of pairs", "Name a file with --out in place of --web.");
}

/** A page has a form for one row of columns of kinds, and reads files of series. */
function columnKindsProblem({ spec }: Run): RunProblem | undefined {
  const { data, losses } = spec;
  if (data.type !== "table") return undefined;
  if (hasForm(data) && losses.some(isProbabilistic)) {
    const message = "A web page of single rows shows one number for each target, but the loss has several.";
    return { code: "column-kinds", path: "", message, hint: otherForm };
  }
  const fault = isSeriesTable(spec) ? seriesFault(spec) : undefined;
  return fault === undefined ? undefined : seriesProblem(fault);
}

function seriesProblem(fault: string): RunProblem {
  return { code: "column-kinds", path: "", message: `A web page of series ${fault}.`, hint: otherForm };
}

const otherForm = "Name a file with --out in place of --web.";

/** The mismatch between the weights and the model that this version of rnnx compiles. */
function weightsProblem({ folder }: Run, { parameters }: Weights, { manifest }: Artifact): RunProblem | undefined {
  const mismatched = manifest.parameters.find(({ name, shape }) => parameters.get(name)?.shape.join() !== shape.join());
  if (mismatched === undefined) return undefined;
  const { name, shape } = mismatched;
  const message = `The weights of "${folder}" do not match its spec: ${name} does not have shape [${shape.join(", ")}].`;
  return { code: "old-run", path: "", message, hint: "The run was made with another version of rnnx. Train it again." };
}

function pageManifest(run: Run, { step }: Weights, { manifest }: Artifact, samples: SampleData | null): PageManifest {
  const { spec, metadata } = run;
  const { parameters, slots, train, model, stream } = manifest;
  const [first, ...others] = pageOutputs(spec);
  const { data } = spec;
  return {
    format: 1,
    rnnx: packageVersion(),
    name: spec.name,
    seed: spec.seed,
    step,
    metrics: recordedMetrics(run.folder, step),
    model: spec.model,
    outputs: [first, ...others],
    uses: first.uses,
    metadata,
    form: data.type === "table" && hasForm(data) ? tableForm(data) : null,
    series:
      data.type === "table" && metadata.type === "table" && isSeriesTable(spec)
        ? seriesTable({ ...spec, data }, metadata)
        : null,
    can_train: canTrain(run),
    id_limits: {
      ...Object.fromEntries([...idLimits(spec, run.signature)].map(([input, { size }]) => [input, size])),
      targets: Number(predictionPort(model, first.port).shape.at(-1)),
    },
    manifest: { parameters, slots, train, model, stream, eval: isStateful(manifest) ? manifest.eval : null },
    training: {
      train: fineTuningSpec(spec).train,
      optimizer: nameOf(spec.optimizer),
      learning_rate: spec.optimizer.learning_rate,
      window: "window" in data ? data.window : null,
      stride: "stride" in data ? data.stride : 1,
      horizon: "horizon" in data ? data.horizon : [1],
      max_length: "max_length" in data ? data.max_length : null,
    },
    samples,
  };
}

function pageOutputs(spec: NormalSpec): readonly [PageOutput, ...PageOutput[]] {
  const pages = outputsOf(spec).map((output): PageOutput => {
    const { inputs, outputs, everyStep } = usesOf(spec, output);
    // A page has no outputs of another kind than the targets.
    const targets = outputs === "features" ? "numbers" : outputs;
    const { name, port, prefix, model, loss } = output;
    return { name: prefix === "" ? null : name, port, model, loss, uses: { inputs, targets, everyStep } };
  });
  return pages as [PageOutput, ...PageOutput[]];
}

/** Without readable data the page has no samples. */
async function samplesOf(
  run: Run,
): Promise<{ readonly samples: SampleData | null; readonly notices: readonly string[] }> {
  const result = await readSamples(run);
  if (result.ok) return { samples: result.value, notices: [] };
  const reason = result.error[0]?.message ?? "";
  return { samples: null, notices: [`The page has no samples of the data: ${reason}`] };
}

/** Models without weights, and one file of weights for all of them. */
function modelFiles(artifact: Artifact, { step, parameters }: Weights, trains: boolean): readonly PageFile[] {
  const { train, model, stream, manifest } = artifact;
  return [
    { name: pageFiles.model, content: model },
    ...(stream === null ? [] : [{ name: pageFiles.stream, content: stream }]),
    ...(isStateful(manifest) ? [{ name: pageFiles.eval, content: artifact.eval }] : []),
    ...(trains ? [{ name: pageFiles.train, content: train }] : []),
    { name: pageFiles.weights, content: writeSafetensors(parameters, { step: `${step}` }) },
  ];
}

function codeFiles(trains: boolean): readonly PageFile[] {
  const folder = join(packageRoot(), "dist", "web");
  const names = readdirSync(folder).filter((name) => trains || !/^(?:fine-tune|trainer)/.test(name));
  return names.map((name) => ({ name, copyOf: join(folder, name) }));
}

/** The folder of onnxruntime-web, as installed next to rnnx or in the working directory. */
function findRuntime(): Result<string> {
  for (const from of [import.meta.url, join(resolve(), "package.json")]) {
    try {
      const folder = dirname(createRequire(from).resolve("onnxruntime-web/wasm"));
      if (runtimeFiles.every((name) => existsSync(join(folder, name)))) return ok(folder);
    } catch {
      // Not found here: try the next location.
    }
  }
  return fail([
    {
      code: "web-runtime",
      path: "",
      message: "The page needs onnxruntime-web, which is not installed.",
      hint: `Install it: ${installCommand("onnxruntime-web")}`,
    },
  ]);
}

/** The problem of a folder that is not empty and not a page. */
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
  return problem(`"${out}" contains ${names[0]} and is not a page.`);
}
