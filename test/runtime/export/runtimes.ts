/** Exported files in each target runtime: loads a file and runs it on tensors by name. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { Tensor } from "onnxruntime-common";
import { InferenceSession } from "onnxruntime-node";
import type { ExportForm } from "../../../compiler/export/options.js";
import type { ExportSummary } from "../../../runtime/export/index.js";
import { statePairs } from "../../../runtime/export/metadata.js";
import { boundaryOf, type TrainedModel } from "../../../runtime/export/source-run.js";
import { sizesOf, verifiers } from "../../../runtime/export/verify/index.js";
import type { ModelUnderTest } from "../../../runtime/export/verify/model-under-test.js";
import type { Sizes } from "../../../runtime/export/verify/random-inputs.js";
import type { Reference } from "../../../runtime/export/verify/reference.js";

export interface Loaded {
  readonly run: ModelUnderTest["run"];
  release(): Promise<void>;
}

export async function inNode(file: string): Promise<Loaded> {
  const session = await InferenceSession.create(file, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  return { run: (feeds) => session.run(feeds), release: () => session.release() };
}

/** Compiled to WebAssembly, as in a browser. */
export async function inWeb(file: string): Promise<Loaded> {
  const { env, InferenceSession } = await import("onnxruntime-web");
  env.wasm.numThreads = 1;
  env.logLevel = "fatal";
  const session = await InferenceSession.create(readFileSync(file), { executionProviders: ["wasm"] });
  return { run: (feeds) => session.run(feeds), release: () => session.release() };
}

/** The used part of OpenCV.js, which has no types. */
interface OpenCv {
  readonly CV_32S: number;
  readonly CV_32F: number;
  FS_createDataFile(folder: string, name: string, data: Uint8Array, ...modes: boolean[]): void;
  FS_unlink(path: string): void;
  readNetFromONNX(path: string): { setInput(mat: Mat, name: string): void; forward(name: string): Mat; delete(): void };
  matFromArray(rows: number, columns: number, type: number, data: readonly number[]): Mat;
  exceptionFromPtr(pointer: number): { readonly msg: string };
}

interface Mat {
  readonly data32F: Float32Array;
  readonly data32S: Int32Array;
  delete(): void;
}

let openCv: OpenCv | undefined;

/** OpenCV.js reads matrices only and returns outputs by name. */
export async function inOpenCv(file: string, { outputs }: ExportSummary["model"]): Promise<Loaded> {
  openCv ??= (await createRequire(import.meta.url)("@techstark/opencv-js")) as OpenCv;
  const cv = openCv;
  const name = `${Math.random()}-${basename(file)}`;
  cv.FS_createDataFile("/", name, readFileSync(file), true, false, false);
  const run: ModelUnderTest["run"] = async (feeds) => {
    // A net is fixed to the sizes of its first inputs.
    const net = cv.readNetFromONNX(`/${name}`);
    const mats = Object.entries(feeds).map(([port, { data, dims, type }]) => {
      const numbers = Array.from(data as ArrayLike<number>, Number);
      const mat = cv.matFromArray(dims[0] ?? 1, dims[1] ?? 1, type === "float32" ? cv.CV_32F : cv.CV_32S, numbers);
      net.setInput(mat, port);
      return mat;
    });
    const results = outputs.map(({ name: output, dtype }) => {
      const mat = net.forward(output);
      mats.push(mat);
      const words = Int32Array.from(mat.data32S);
      const numbers =
        dtype === "int64"
          ? new Tensor("int64", new BigInt64Array(words.buffer), [words.length / 2])
          : new Tensor("float32", Float32Array.from(mat.data32F), [words.length]);
      return [output, numbers] as const;
    });
    for (const mat of mats) mat.delete();
    net.delete();
    return Object.fromEntries(results);
  };
  const runNetwork: ModelUnderTest["run"] = (feeds) =>
    run(feeds).catch((error: unknown) => {
      throw typeof error === "number" ? new Error(cv.exceptionFromPtr(error).msg) : error;
    });
  return { run: runNetwork, release: async () => cv.FS_unlink(`/${name}`) };
}

export const everySize: readonly Sizes[] = [1, 3, 7].flatMap((batch) => [1, 5, 20].map((time) => ({ batch, time })));

/** The largest difference of a loaded model from the training's forward pass, at every batch and number of steps. */
export async function largestDifference(
  { run }: Loaded,
  subject: TrainedModel,
  reference: Reference,
  { model }: Pick<ExportSummary, "model">,
  { form, unroll = null }: { readonly form: ExportForm; readonly unroll?: number | null },
): Promise<number> {
  const states = statePairs(model, subject);
  const trial: ModelUnderTest = {
    run,
    ports: model,
    boundary: boundaryOf(subject),
    states,
    trainedModel: subject,
    reference,
  };
  let largest = 0;
  for (const sizes of sizesOf(reference, { unroll }, everySize, subject.spec.model))
    largest = Math.max(largest, await verifiers[form](trial, sizes));
  return largest;
}
