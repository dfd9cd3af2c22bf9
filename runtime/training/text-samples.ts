/** Text samples during training, with the current weights. */

import type { Tensor } from "onnxruntime-node";
import type { Artifact } from "../../compiler/artifact.js";
import { outputActivationOf } from "../../schema/kinds/outputs.js";
import type { NormalSample, NormalSpec } from "../../schema/normal/index.js";
import type { TextMetadata } from "../data/metadata.js";
import type { DataSource } from "../data/source.js";
import { createTokenGenerator, generationProblem } from "../generation/autoregressive.js";
import { createDetokenizer, encodePrompt, splitPrompt } from "../generation/tokenizer.js";
import { fail, ok, type Result } from "../result.js";
import { estimateWorkPerSync, openSession } from "../sessions/session.js";
import { randomStream } from "../tensors/random.js";

export interface TextSampler {
  /** Steps between samples. */
  readonly every: number;
  /** The sample of a step. It depends only on the weights, the seed and the step. */
  sample(step: number, parameters: Readonly<Record<string, Tensor>>): Promise<string>;
}

/** The options of a sampler, with the ids of its prompt. */
export interface SampleOptions extends NormalSample {
  readonly metadata: TextMetadata;
  readonly ids: readonly number[];
}

/** Null without `train.sample`. */
export function resolveSampleOptions(
  { model, train: { sample } }: NormalSpec,
  { metadata }: DataSource,
): Result<SampleOptions | null> {
  if (sample === null) return ok(null);
  if (metadata.type !== "text")
    return fail([{ code: "sample", path: "/train/sample", message: "train.sample needs text data." }]);
  const encoded = encodePrompt(sample.prompt, metadata, "/train/sample/prompt");
  if (!encoded.ok) return encoded;
  const limited = generationProblem(model, encoded.value, sample.length);
  if (limited !== undefined) return fail([{ ...limited, path: "/train/sample/length" }]);
  return ok({ ...sample, metadata, ids: encoded.value });
}

export async function openTextSampler(
  { model, seed }: NormalSpec,
  { sampler, manifest }: Artifact,
  { every, length, temperature, metadata, ids }: SampleOptions,
): Promise<TextSampler> {
  if (sampler === null || manifest.stream === null) throw new Error("The model was compiled without a sampler.");
  // The weights change with every sample, and are on the host, so another device would not be faster.
  const sessionResult = await openSession(sampler, "cpu", estimateWorkPerSync(manifest.parameters, 1));
  if (!sessionResult.ok) throw new Error(sessionResult.error.message);
  const { unknown } = metadata;
  const tokenGenerator = await createTokenGenerator(
    sessionResult.value.session,
    manifest.stream,
    outputActivationOf(model),
    unknown === undefined ? [] : [unknown],
  );
  return {
    every,
    async sample(step, parameters) {
      const detokenizer = createDetokenizer(metadata);
      const { promptIds, remainingLength } = splitPrompt(ids, length);
      let text = promptIds.map(detokenizer.add).join("");
      const sampling = { temperature, topK: null, topP: null };
      const request = {
        prompt: promptIds,
        length: remainingLength,
        sampling,
        random: randomStream(seed, "sample", step),
        parameters,
      };
      for await (const id of tokenGenerator.generate(request)) text += detokenizer.add(id);
      return text + detokenizer.end();
    },
  };
}
