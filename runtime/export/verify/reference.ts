/** The forward pass as training evaluates it, on arrays: what an exported model is held against. */
import type { Port } from "../../../compiler/artifact.js";
import { referenceModel } from "../../../compiler/export/index.js";
import { openSession } from "../../session.js";
import { zeroStates } from "../../states.js";
import { feedsOf, floatsOf, tensorOf } from "../../tensors.js";
import type { Subject } from "../subject.js";
import type { Arrays } from "./draw.js";

export interface Said {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Reference {
  /** The data that it reads, in the numbers of the model. */
  readonly ports: readonly Port[];
  /** Whether it says something at every step. */
  readonly everyStep: boolean;
  predict(arrays: Arrays, batch: number): Promise<Said>;
  release(): Promise<void>;
}

export async function openReference({ spec, signature, parameters }: Subject): Promise<Reference> {
  const { model, ports } = await referenceModel(spec, signature);
  const opened = await openSession(model, "cpu", 0);
  if (!opened.ok) throw new Error(opened.message);
  const { session } = opened;
  const asked = new Set(session.inputNames);
  const weights = Object.entries(feedsOf(parameters)).filter(([name]) => asked.has(name));
  const output = ports.outputs.find(({ role }) => role === "prediction");
  if (output === undefined) throw new Error("The forward pass says nothing.");
  const states = ports.inputs.filter(({ role }) => role === "state");
  return {
    ports: ports.inputs.filter(({ role }) => role === "data"),
    everyStep: output.shape.includes("time"),
    async predict(arrays, batch) {
      const fed = [...arrays]
        .filter(([name]) => asked.has(name))
        .map(([name, array]) => [name, tensorOf(array)] as const);
      const zeros = feedsOf(zeroStates(states, batch));
      const results = await session.run({ ...Object.fromEntries([...weights, ...fed]), ...zeros });
      return { shape: results[output.name]?.dims ?? [], data: floatsOf(results, output) };
    },
    release: () => session.release(),
  };
}
