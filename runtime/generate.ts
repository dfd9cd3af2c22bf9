/** Text from a finished run: its stream model, and what the run keeps of its text. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Ports } from "../compiler/artifact.js";
import { needsWhole } from "../schema/streaming.js";
import type { TextMetadata } from "./data/metadata.js";
import { runFiles } from "./directory.js";
import { type Checked, type RunProblem, refuse } from "./problem.js";
import { encodePrompt, opening, openSpeller } from "./prompt.js";
import { stream } from "./random.js";
import { openRun, type Run, readWeights } from "./run.js";
import { type Sampling, scoresOf } from "./sampling.js";
import { loadOf, openSession } from "./session.js";
import { feedsOf } from "./tensors.js";
import { openWriter } from "./writer.js";

export interface GenerateRequest {
  readonly prompt: string;
  /** Units to write; without a prompt the first of them is the first unit of the training text. */
  readonly length: number;
  readonly sampling: Sampling;
  /** Null: the seed of the run. */
  readonly seed: number | null;
}

export interface Generated {
  /** The prompt and what was written after it. */
  readonly text: string;
  /** The units that were written: characters, words, or bytes as numbers. */
  readonly tokens: readonly (string | number)[];
  readonly seed: number;
}

export interface Generator {
  /** @param onText is given the text as it comes, the prompt first. */
  generate(
    request: GenerateRequest,
    onText: (piece: string) => void,
  ): Promise<Checked<{ readonly generated: Generated }>>;
}

export async function openGenerator(folder: string): Promise<Checked<{ readonly generator: Generator }>> {
  const opened = openTextRun(folder);
  if (!opened.ok) return opened;
  const { run, metadata, ports } = opened.text;
  const { spec, manifest } = run;
  const read = readWeights(run, "end");
  if (!read.ok) return read;
  const model = readFileSync(join(folder, runFiles.stream));
  const session = await openSession(model, "cpu", loadOf(manifest.parameters, 1));
  if (!session.ok) throw new Error(session.message);
  const parameters = feedsOf(read.weights.parameters);
  const never = metadata.unknown === undefined ? [] : [metadata.unknown];
  const writer = await openWriter(session.session, ports, scoresOf(spec.model), never);

  return {
    ok: true,
    generator: {
      async generate({ prompt, length, sampling, seed }, onText) {
        const encoded = encodePrompt(prompt, metadata, "");
        if (!encoded.ok) return encoded;
        const { start, rest } = opening(encoded.ids, length);
        const speller = openSpeller(metadata);
        const pieces: string[] = [];
        const ids: number[] = encoded.ids.length > 0 ? [] : [...start];
        const say = (piece: string) => {
          pieces.push(piece);
          if (piece !== "") onText(piece);
        };
        say(start.map(speller.add).join(""));
        const chosen = seed ?? spec.seed;
        const random = stream(chosen, "generate");
        for await (const id of writer.write({ prompt: start, length: rest, sampling, random, parameters })) {
          ids.push(id);
          say(speller.add(id));
        }
        say(speller.end());
        const tokens = ids.map((id) => metadata.vocabulary[id] ?? "");
        return { ok: true, generated: { text: pieces.join(""), tokens, seed: chosen } };
      },
    },
  };
}

interface TextRun {
  readonly run: Run;
  readonly metadata: TextMetadata;
  readonly ports: Ports;
}

/** A run whose model writes text, or why this one does not. */
function openTextRun(folder: string): Checked<{ readonly text: TextRun }> {
  const opened = openRun(folder);
  if (!opened.ok) return opened;
  const { run } = opened;
  const { spec, manifest, metadata } = run;
  if (metadata.type !== "text")
    return refuse(
      problem("not-text", `"${folder}" was trained on ${metadata.type} data, and only models of text write text.`),
    );
  const whole = needsWhole(spec.model);
  if (whole !== undefined)
    return refuse(problem("not-streaming", `The model of "${folder}" cannot write unit by unit: ${whole}.`));
  if (!existsSync(join(folder, runFiles.model)))
    return refuse(
      problem("unfinished-run", `"${folder}" has no model yet.`, "rnnx train with --resume goes on with it."),
    );
  if (!existsSync(join(folder, runFiles.stream)) || !manifest.stream)
    return refuse(
      problem(
        "old-run",
        `"${folder}" has no ${runFiles.stream}: an older rnnx left it.`,
        "Train it again; --init takes its weights.safetensors as first weights.",
      ),
    );
  return { ok: true, text: { run, metadata, ports: manifest.stream } };
}

function problem(code: string, message: string, hint = ""): RunProblem {
  return { code, path: "", message, hint };
}
