/** Generates text with a finished run: its stream model and its vocabulary. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "../../compiler/artifact.js";
import { whyNotStreamable } from "../../schema/kinds/layers.js";
import { outputActivationOf, outputsOf } from "../../schema/kinds/outputs.js";
import type { TextMetadata } from "../data/metadata.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { runFiles } from "../run/layout.js";
import { specOfOutput } from "../run/one-output.js";
import { openRun, type Run, readRunWeights } from "../run/open.js";
import { predictionPort } from "../sessions/ports.js";
import { estimateWorkPerSync, openSession } from "../sessions/session.js";
import { feedsOf } from "../tensors/ort.js";
import { randomStream } from "../tensors/random.js";
import type { Tensors } from "../tensors/safetensors.js";
import { createTokenGenerator, generationProblem } from "./autoregressive.js";
import type { Sampling } from "./sampling.js";
import { createDetokenizer, encodePrompt, splitPrompt } from "./tokenizer.js";

export interface GenerateRequest {
  readonly prompt: string;
  /** Number of tokens; without a prompt the first of them is the first token of the training text. */
  readonly length: number;
  readonly sampling: Sampling;
  /** Null for the seed of the run. */
  readonly seed: number | null;
  /** Of several outputs the name of the one that continues the text. */
  readonly output?: string | null;
}

export interface GeneratedText {
  /** The prompt and the generated text. */
  readonly text: string;
  /** The generated tokens: characters, words, or bytes as numbers. */
  readonly tokens: readonly (string | number)[];
  readonly seed: number;
}

export interface TextGenerator {
  /** @param onText receives the text in chunks, the prompt first. */
  generate(request: GenerateRequest, onText: (chunk: string) => void): Promise<Result<GeneratedText>>;
}

export async function openTextGenerator(folder: string): Promise<Result<TextGenerator>> {
  const runResult = openTextRun(folder);
  if (!runResult.ok) return runResult;
  const { run, metadata, ports } = runResult.value;
  const { spec, manifest } = run;
  const weightsResult = readRunWeights(run, "end");
  if (!weightsResult.ok) return weightsResult;
  const model = await streamModel(run, weightsResult.value.parameters);
  const sessionResult = await openSession(model, "cpu", estimateWorkPerSync(manifest.parameters, 1));
  if (!sessionResult.ok) throw new Error(sessionResult.error.message);
  const parameters = feedsOf(weightsResult.value.parameters);
  const bannedIds = metadata.unknown === undefined ? [] : [metadata.unknown];

  return ok({
    async generate({ prompt, length, sampling, seed, output: name = null }, onText) {
      const ofOutput = specOfOutput(spec, name, "generation");
      if (!ofOutput.ok) return ofOutput;
      const output = outputsOf(spec).find(({ loss }) => ofOutput.value.losses.includes(loss));
      const tokenGenerator = createTokenGenerator(
        sessionResult.value.session,
        ports,
        outputActivationOf(ofOutput.value.model),
        bannedIds,
        predictionPort(ports, output?.port),
      );
      const encoded = encodePrompt(prompt, metadata, "");
      if (!encoded.ok) return encoded;
      const limited = generationProblem(spec.model, encoded.value, length);
      if (limited !== undefined) return fail([limited]);
      const { promptIds, remainingLength } = splitPrompt(encoded.value, length);
      const detokenizer = createDetokenizer(metadata);
      const chunks: string[] = [];
      const ids: number[] = encoded.value.length > 0 ? [] : [...promptIds];
      const emit = (chunk: string) => {
        chunks.push(chunk);
        if (chunk !== "") onText(chunk);
      };
      emit(promptIds.map(detokenizer.add).join(""));
      const usedSeed = seed ?? spec.seed;
      const random = randomStream(usedSeed, "generate");
      for await (const id of tokenGenerator.generate({
        prompt: promptIds,
        length: remainingLength,
        sampling,
        random,
        parameters,
      })) {
        ids.push(id);
        emit(detokenizer.add(id));
      }
      emit(detokenizer.end());
      const tokens = ids.map((id) => metadata.vocabulary[id] ?? "");
      return ok({ text: chunks.join(""), tokens, seed: usedSeed });
    },
  });
}

interface TextRun {
  readonly run: Run;
  readonly metadata: TextMetadata;
  readonly ports: Ports;
}

/** A run whose model generates text, or the reason that it cannot. */
function openTextRun(folder: string): Result<TextRun> {
  const runResult = openRun(folder);
  if (!runResult.ok) return runResult;
  const run = runResult.value;
  const { spec, manifest, metadata } = run;
  if (metadata.type !== "text")
    return fail([
      problem(
        "not-text",
        `"${folder}" was trained on ${metadata.type} data. Only models trained on text data generate text.`,
      ),
    ]);
  const reason = whyNotStreamable(spec.model);
  if (reason !== undefined)
    return fail([problem("not-streaming", `The model of "${folder}" cannot generate token by token: ${reason}.`)]);
  const isOld = existsSync(join(folder, runFiles.model)) && !existsSync(join(folder, runFiles.stream));
  if (isOld || !manifest.stream)
    return fail([
      problem(
        "old-run",
        `"${folder}" has no ${runFiles.stream}: it was written by an older version of rnnx.`,
        "Train it again, with --init weights.safetensors to keep its weights.",
      ),
    ]);
  return ok({ run, metadata, ports: manifest.stream });
}

/** The run's stream model. A run in training has no stream.onnx yet: its spec is compiled again. */
async function streamModel({ folder, spec, signature }: Run, parameters: Tensors): Promise<Uint8Array> {
  const file = join(folder, runFiles.stream);
  if (existsSync(file)) return readFileSync(file);
  const [{ compile }, { withWeights }] = await Promise.all([
    import("../../compiler/compile.js"),
    import("../../compiler/onnx/splice/weights.js"),
  ]);
  const compiled = await compile(spec, signature);
  if (!compiled.ok || compiled.artifact.stream === null) throw new Error("The spec of a run has no stream model.");
  const weights = [...parameters].map(([name, { shape, data }]) => ({ name, dtype: "float32" as const, shape, data }));
  return withWeights(compiled.artifact.stream, weights);
}

function problem(code: string, message: string, hint = ""): RunProblem {
  return { code, path: "", message, hint };
}
