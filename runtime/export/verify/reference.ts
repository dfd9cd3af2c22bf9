/** The reference of verification: the training's forward pass. */
import type { Port } from "../../../compiler/artifact.js";
import { referenceModel } from "../../../compiler/export/index.js";
import { portsWithRole } from "../../sessions/ports.js";
import { zeroStates } from "../../sessions/recurrent-states.js";
import { openSession } from "../../sessions/session.js";
import { feedsOf, floatsOf, tensorOf } from "../../tensors/ort.js";
import type { TrainedModel } from "../source-run.js";
import type { Arrays } from "./random-inputs.js";

export interface ReferenceOutput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** True for an output of every step. */
  readonly everyStep: boolean;
}

/** By the names of the outputs in the trained model. */
export type ReferenceOutputs = ReadonlyMap<string, ReferenceOutput>;

export interface Reference {
  /** Its data inputs, scaled as in training. */
  readonly ports: readonly Port[];
  predict(arrays: Arrays, batch: number): Promise<ReferenceOutputs>;
  release(): Promise<void>;
}

export async function openReference({ spec, signature, parameters }: TrainedModel): Promise<Reference> {
  const { model, ports } = await referenceModel(spec, signature);
  const opened = await openSession(model, "cpu", 0);
  if (!opened.ok) throw new Error(opened.error.message);
  const { session } = opened.value;
  const inputNames = new Set(session.inputNames);
  const weights = Object.entries(feedsOf(parameters)).filter(([name]) => inputNames.has(name));
  const outputs = portsWithRole(ports.outputs, "prediction");
  const states = portsWithRole(ports.inputs, "state");
  return {
    ports: portsWithRole(ports.inputs, "data"),
    async predict(arrays, batch) {
      const dataFeeds = [...arrays]
        .filter(([name]) => inputNames.has(name))
        .map(([name, array]) => [name, tensorOf(array)] as const);
      const zeros = feedsOf(zeroStates(states, batch));
      const results = await session.run({ ...Object.fromEntries([...weights, ...dataFeeds]), ...zeros });
      return new Map(
        outputs.map((output) => {
          const everyStep = typeof output.shape[1] === "string";
          return [output.name, { shape: results[output.name]?.dims ?? [], data: floatsOf(results, output), everyStep }];
        }),
      );
    },
    release: () => session.release(),
  };
}
