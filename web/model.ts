/** The model of a page: its files, and sessions with its weights or with others. */
import type { InferenceSession } from "onnxruntime-common";
import { env, InferenceSession as Sessions } from "onnxruntime-web/wasm";
import { withWeights } from "../compiler/emit/weights.js";
import { readSafetensors, type Tensors } from "../runtime/safetensors.js";
import { type Page, pageFiles } from "../runtime/web/page.js";

export interface Model {
  readonly page: Page;
  readonly parameters: Tensors;
  /** A whole model file, weights in it. */
  file(which: "model" | "stream"): Uint8Array<ArrayBuffer>;
  /** Opened once. */
  session(which: "model" | "stream"): Promise<InferenceSession>;
  /** The same model with other weights. */
  withParameters(parameters: Tensors): Model;
}

// More threads need headers that a plain file server does not send, and small models gain nothing from them.
env.wasm.numThreads = 1;
env.logLevel = "error";

export function openSession(model: Uint8Array): Promise<InferenceSession> {
  return Sessions.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 3 });
}

export async function loadModel(): Promise<Model> {
  const page: Page = JSON.parse(new TextDecoder().decode(await load(pageFiles.page)));
  const [weights, model, stream] = await Promise.all([
    load(pageFiles.weights),
    load(pageFiles.model),
    page.manifest.stream === null ? null : load(pageFiles.stream),
  ]);
  const read = readSafetensors(weights);
  if (!read.ok) throw new Error(`${pageFiles.weights} cannot be read: ${read.message}.`);
  return modelOf(page, { model, stream }, read.tensors);
}

export async function load(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name} is not beside the page: ${answer.status} ${answer.statusText}.`);
  return new Uint8Array(await answer.arrayBuffer());
}

function modelOf(
  page: Page,
  files: Readonly<Record<"model" | "stream", Uint8Array | null>>,
  parameters: Tensors,
): Model {
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  const sessions = new Map<string, Promise<InferenceSession>>();
  const file = (which: "model" | "stream") => {
    const bytes = files[which];
    if (bytes === null) throw new Error(`The page has no ${which} model.`);
    return withWeights(bytes, weights);
  };
  return {
    page,
    parameters,
    file,
    session(which) {
      const opened = sessions.get(which) ?? openSession(file(which));
      sessions.set(which, opened);
      return opened;
    },
    withParameters: (others) => modelOf(page, files, others),
  };
}
