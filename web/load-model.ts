/** The model of a page: its files, its weights, and inference sessions. */
import type { InferenceSession } from "onnxruntime-common";
import { env, InferenceSession as Sessions } from "onnxruntime-web/wasm";
import { withWeights } from "../compiler/onnx/splice/weights.js";
import { readSafetensors, type Tensors } from "../runtime/tensors/safetensors.js";
import { type PageManifest, pageFiles } from "../runtime/web/page-manifest.js";

type ModelKind = "model" | "stream" | "eval";

export interface Model {
  readonly page: PageManifest;
  readonly parameters: Tensors;
  /** A complete model file with its weights. */
  file(kind: "model" | "stream"): Uint8Array<ArrayBuffer>;
  /** The session, created on the first call. That of `eval` has the weights as inputs. */
  session(kind: ModelKind): Promise<InferenceSession>;
  /** The same model with other weights. */
  withParameters(parameters: Tensors): Model;
}

// WebAssembly threads need headers that a plain file server does not send.
env.wasm.numThreads = 1;
env.logLevel = "error";

export function openSession(model: Uint8Array): Promise<InferenceSession> {
  return Sessions.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 3 });
}

export async function loadModel(): Promise<Model> {
  const page: PageManifest = JSON.parse(new TextDecoder().decode(await fetchBytes(pageFiles.page)));
  const [weights, model, stream, evaluation] = await Promise.all([
    fetchBytes(pageFiles.weights),
    fetchBytes(pageFiles.model),
    page.manifest.stream === null ? null : fetchBytes(pageFiles.stream),
    page.manifest.eval === null ? null : fetchBytes(pageFiles.eval),
  ]);
  const read = readSafetensors(weights);
  if (!read.ok) throw new Error(`${pageFiles.weights} cannot be read: ${read.error}.`);
  return createModel(page, { model, stream, eval: evaluation }, read.value.tensors);
}

export async function fetchBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(name);
  if (!response.ok)
    throw new Error(`${name} is missing from the folder of the page: ${response.status} ${response.statusText}.`);
  return new Uint8Array(await response.arrayBuffer());
}

function createModel(
  page: PageManifest,
  files: Readonly<Record<ModelKind, Uint8Array<ArrayBuffer> | null>>,
  parameters: Tensors,
): Model {
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  const sessions = new Map<string, Promise<InferenceSession>>();
  const bytesOf = (kind: ModelKind) => {
    const bytes = files[kind];
    if (bytes === null) throw new Error(`The page has no ${kind} model.`);
    return bytes;
  };
  const file = (kind: "model" | "stream") => withWeights(bytesOf(kind), weights);
  return {
    page,
    parameters,
    file,
    session(kind) {
      const session = sessions.get(kind) ?? openSession(kind === "eval" ? bytesOf(kind) : file(kind));
      sessions.set(kind, session);
      return session;
    },
    withParameters: (newParameters) => createModel(page, files, newParameters),
  };
}
