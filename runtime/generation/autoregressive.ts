/** Autoregressive generation with a stream model: reads a prompt, then samples token by token. */

import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { Port, Ports } from "../../compiler/artifact.js";
import type { OutputActivation } from "../../schema/kinds/outputs.js";
import type { NormalLayer } from "../../schema/normal/index.js";
import { longSequenceProblem } from "../data/long-sequences.js";
import type { RunProblem } from "../problem.js";
import { predictionPort, requiredPort } from "../sessions/ports.js";
import { createRecurrentStates } from "../sessions/recurrent-states.js";
import { floatsOf, tensorOf } from "../tensors/ort.js";
import type { RandomStream } from "../tensors/random.js";
import { logitsOf, type Sampling, sampleToken } from "./sampling.js";
import { splitPrompt } from "./tokenizer.js";

export interface TokenGenerator {
  /** Yields token ids. Ends early where no output of the model is a finite number. */
  generate(request: GenerationRequest): AsyncGenerator<number>;
}

export interface GenerationRequest {
  /** At least one id. */
  readonly prompt: readonly number[];
  readonly length: number;
  readonly sampling: Sampling;
  readonly random: Pick<RandomStream, "uniform">;
  /** Parameters by public name: those that are inputs of the session, and learned initial states. */
  readonly parameters: Readonly<Record<string, Tensor>>;
}

/** The problem of a prompt and a number of tokens that need more positions than the model has. */
export function generationProblem(
  model: readonly NormalLayer[],
  prompt: readonly number[],
  length: number,
): RunProblem | undefined {
  const { promptIds, remainingLength } = splitPrompt(prompt, length);
  // The model does not read the last token.
  const steps = promptIds.length + Math.max(remainingLength - 1, 0);
  const problem = longSequenceProblem(model, () => steps);
  return problem && { ...problem, hint: `Generate fewer tokens, or use a shorter prompt. ${problem.hint}` };
}

/**
 * @param ports of the session's graph.
 * @param bannedIds ids that are never sampled.
 * @param output the port with the scores of the next id.
 */
export function createTokenGenerator(
  session: InferenceSession,
  ports: Ports,
  outputActivation: OutputActivation,
  bannedIds: readonly number[],
  output: Port = predictionPort(ports),
): TokenGenerator {
  const input = requiredPort(ports.inputs, "data");
  const sessionInputs = new Set(session.inputNames);
  return {
    async *generate({ prompt, length, sampling, random, parameters }) {
      const states = createRecurrentStates(ports, initialStates(ports, parameters));
      const parameterFeeds = Object.fromEntries(Object.entries(parameters).filter(([name]) => sessionInputs.has(name)));
      let ids = prompt;
      for (let count = 0; count < length; count++) {
        const inputTensor = tensorOf({ dtype: "int32", shape: [1, ids.length], data: Int32Array.from(ids) });
        const results = await session.run({ ...parameterFeeds, ...states.feeds(1), [input.name]: inputTensor });
        states.update(results);
        const values = floatsOf(results, output);
        const lastScores = values.subarray(values.length - values.length / ids.length);
        const nextId = sampleToken(logitsOf(lastScores, outputActivation, bannedIds), sampling, random);
        if (nextId === undefined) return;
        yield nextId;
        ids = [nextId];
      }
    },
  };
}

/** A learned initial state is the parameter `<state>/initial`. */
function initialStates({ inputs }: Ports, parameters: Readonly<Record<string, Tensor>>) {
  const entries = inputs.flatMap(({ name, role }) => {
    const data = role === "state" ? parameters[`${name}/initial`]?.data : undefined;
    return data instanceof Float32Array ? [[name, data] as const] : [];
  });
  return new Map(entries);
}
