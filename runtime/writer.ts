/** Writes with a streaming model: reads a prompt, then goes on unit by unit from what it has chosen. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Ports } from "../compiler/artifact.js";
import type { Stream } from "./random.js";
import { choose, logitsOf, type Sampling, type Scores } from "./sampling.js";
import { openStates } from "./states.js";
import { floatsOf, tensorOf } from "./tensors.js";

export interface Writer {
  /** Ends early where the model's outputs are no numbers. */
  write(work: Work): AsyncGenerator<number>;
}

export interface Work {
  /** Ids to read first, at least one. */
  readonly prompt: readonly number[];
  readonly length: number;
  readonly sampling: Sampling;
  readonly random: Pick<Stream, "uniform">;
  /** Parameters by public name: those that the session does not hold itself, and first values of learned states. */
  readonly parameters: Readonly<Record<string, Tensor>>;
}

/**
 * @param ports of the session's graph.
 * @param never ids that are no text.
 */
export async function openWriter(
  session: InferenceSession,
  ports: Ports,
  scores: Scores,
  never: readonly number[],
): Promise<Writer> {
  const input = ports.inputs.find(({ role }) => role === "data");
  const output = ports.outputs.find(({ role }) => role === "prediction");
  if (input === undefined || output === undefined) throw new Error("The stream model lacks its input or its output.");
  const asked = new Set(session.inputNames);
  return {
    async *write({ prompt, length, sampling, random, parameters }) {
      const states = openStates(ports, learnedStates(ports, parameters));
      const fed = Object.fromEntries(Object.entries(parameters).filter(([name]) => asked.has(name)));
      let ids = prompt;
      for (let written = 0; written < length; written++) {
        const piece = tensorOf({ dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) });
        const given = await session.run({ ...fed, ...states.feeds(1), [input.name]: piece });
        states.keep(given);
        const all = floatsOf(given, output);
        const last = all.subarray(all.length - all.length / ids.length);
        const chosen = choose(logitsOf(last, scores, never), sampling, random);
        if (chosen === undefined) return;
        yield chosen;
        ids = [chosen];
      }
    },
  };
}

/** A state that is learned starts at the parameter `<state>/initial`. */
function learnedStates({ inputs }: Ports, parameters: Readonly<Record<string, Tensor>>) {
  const learned = inputs.flatMap(({ name, role }) => {
    const data = role === "state" ? parameters[`${name}/initial`]?.data : undefined;
    return data instanceof Float32Array ? [[name, data] as const] : [];
  });
  return new Map(learned);
}
