/** Samples while a text model trains: what it writes with the weights of the moment. */
import type { Tensor } from "onnxruntime-node";
import type { Artifact } from "../compiler/artifact.js";
import type { NormalSample, NormalSpec } from "../schema/normal.js";
import type { TextMetadata } from "./data/metadata.js";
import type { DataSource } from "./data/source.js";
import { type Checked, refuse } from "./problem.js";
import { encodePrompt, opening, openSpeller } from "./prompt.js";
import { stream } from "./random.js";
import { scoresOf } from "./sampling.js";
import { loadOf, openSession } from "./session.js";
import { openWriter } from "./writer.js";

export interface Sampler {
  /** Updates between samples. */
  readonly every: number;
  /** The text of a step. It depends on the weights, the seed and the step alone. */
  sample(step: number, parameters: Readonly<Record<string, Tensor>>): Promise<string>;
}

/** What a sampler needs, once it is known that the text has the units of its prompt. */
export interface SamplePlan extends NormalSample {
  readonly metadata: TextMetadata;
  readonly ids: readonly number[];
}

/** Null where the spec asks for no samples. */
export function planSamples(
  { train: { sample } }: NormalSpec,
  { metadata }: DataSource,
): Checked<{ readonly samples: SamplePlan | null }> {
  if (sample === null) return { ok: true, samples: null };
  if (metadata.type !== "text") return refuse({ code: "sample", path: "/train/sample", message: "Samples are text." });
  const encoded = encodePrompt(sample.prompt, metadata, "/train/sample/prompt");
  return encoded.ok ? { ok: true, samples: { ...sample, metadata, ids: encoded.ids } } : encoded;
}

export async function openSampler(
  { model, seed }: NormalSpec,
  { sampler, manifest }: Artifact,
  { every, length, temperature, metadata, ids }: SamplePlan,
): Promise<Sampler> {
  if (sampler === null || manifest.stream === null) throw new Error("The model was compiled without a sampler.");
  // Weights change from sample to sample, and the host has them: no other device would be faster.
  const opened = await openSession(sampler, "cpu", loadOf(manifest.parameters, 1));
  if (!opened.ok) throw new Error(opened.message);
  const { unknown } = metadata;
  const writer = await openWriter(
    opened.session,
    manifest.stream,
    scoresOf(model),
    unknown === undefined ? [] : [unknown],
  );
  return {
    every,
    async sample(step, parameters) {
      const speller = openSpeller(metadata);
      const { start, rest } = opening(ids, length);
      let text = start.map(speller.add).join("");
      const sampling = { temperature, topK: null, topP: null };
      const work = { prompt: start, length: rest, sampling, random: stream(seed, "sample", step), parameters };
      for await (const id of writer.write(work)) text += speller.add(id);
      return text + speller.end();
    },
  };
}
