/** The reference of verification: the training's forward pass. */
import type { Port } from "../../../compiler/artifact.js";
import { referenceModel } from "../../../compiler/export/index.js";
import { portsWithRole, predictionPort } from "../../sessions/ports.js";
import { zeroStates } from "../../sessions/recurrent-states.js";
import { openSession } from "../../sessions/session.js";
import { feedsOf, floatsOf, tensorOf } from "../../tensors/ort.js";
import type { TrainedModel } from "../source-run.js";
import type { Arrays } from "./random-inputs.js";

export interface ReferenceOutput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Reference {
  /** Its data inputs, scaled as in training. */
  readonly ports: readonly Port[];
  /** True for a prediction at every step. */
  readonly everyStep: boolean;
  predict(arrays: Arrays, batch: number): Promise<ReferenceOutput>;
  release(): Promise<void>;
}

export async function openReference({ spec, signature, parameters }: TrainedModel): Promise<Reference> {
  const { model, ports } = await referenceModel(spec, signature);
  const opened = await openSession(model, "cpu", 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const inputNames = new Set(session.inputNames);
  const weights = Object.entries(feedsOf(parameters)).filter(([name]) => inputNames.has(name));
  const output = predictionPort(ports);
  const states = portsWithRole(ports.inputs, "state");
  return {
    ports: portsWithRole(ports.inputs, "data"),
    everyStep: typeof output.shape[1] === "string",
    async predict(arrays, batch) {
      const dataFeeds = [...arrays]
        .filter(([name]) => inputNames.has(name))
        .map(([name, array]) => [name, tensorOf(array)] as const);
      const zeros = feedsOf(zeroStates(states, batch));
      const results = await session.run({ ...Object.fromEntries([...weights, ...dataFeeds]), ...zeros });
      return { shape: results[output.name]?.dims ?? [], data: floatsOf(results, output) };
    },
    release: () => session.release(),
  };
}
