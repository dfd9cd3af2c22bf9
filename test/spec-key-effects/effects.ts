/** Everything that a spec decides before a run: its models, its data, and the batches of its first steps. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { check, compile } from "../../compiler/compile.js";
import { createBatchSchedule } from "../../runtime/data/batching/batch-schedule.js";
import { createStatefulSchedule } from "../../runtime/data/batching/stateful-batches.js";
import { openData } from "../../runtime/data/index.js";
import { intervalsOf } from "../../runtime/training/intervals.js";
import { createStepsPerCallTuner } from "../../runtime/training/steps-per-call.js";
import { readSpec } from "../../schema/read.js";

const folder = fileURLToPath(new URL("../../specs/data/", import.meta.url));

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A copy of a spec with one member set, by its JSON pointer; undefined takes it out. */
export function set(node: Json, pointer: string, value: Json | undefined): Json {
  const [, key = "", ...rest] = pointer.split("/");
  const replace = (old: Json | undefined): Json | undefined =>
    rest.length === 0 ? value : set(old ?? {}, `/${rest.join("/")}`, value);
  if (Array.isArray(node)) return node.map((entry, index) => (`${index}` === key ? (replace(entry) ?? null) : entry));
  const { [key]: old, ...others } = node as { readonly [key: string]: Json };
  const next = replace(old);
  return next === undefined ? others : { ...others, [key]: next };
}

/** The effects of a spec, as hashes. */
export interface Effects {
  /** Of the data, its batches and their order. */
  readonly data: string;
  /** Of the models and their manifest: they are compiled where the data is the same. */
  models(): Promise<string>;
}

const textOf = (problems: readonly { readonly path: string; readonly message: string }[]) =>
  problems.map(({ path, message }) => `${path}: ${message}`).join("\n");

const hash = (contents: readonly (string | Uint8Array)[]) =>
  contents.reduce((digest, content) => digest.update(content), createHash("sha256")).digest("hex");

/** Throws for a spec with problems. */
export async function effectsOf(spec: Json): Promise<Effects> {
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(textOf(read.diagnostics));
  const opened = await openData(read.spec, folder);
  if (!opened.ok) throw new Error(textOf(opened.error));
  const source = opened.value;
  const { train, seed, name, model } = read.spec;
  const signature = source.signature(train);
  const problems = check(read.spec, signature);
  if (problems.length > 0) throw new Error(textOf(problems));

  const isStateful = model.some((layer) => "stateful" in layer && layer.stateful === true);
  const streamed = isStateful ? createStatefulSchedule(train, source.splits.train) : undefined;
  if (streamed?.ok === false) throw new Error(streamed.error.map(({ message }) => message).join("\n"));
  const batchSchedule = streamed?.value ?? createBatchSchedule(train, seed, source.buckets ?? [source.splits.train]);
  const calls = [
    createStepsPerCallTuner(train.steps_per_call, 1).stepsPerCall(),
    intervalsOf(train, batchSchedule),
    batchSchedule.steps,
    batchSchedule.batchSize,
  ];
  const batches = Array.from({ length: 3 }, (_, step) => [...batchSchedule.indicesAt(step + 1, 1)]);
  const values = batches.map((indices) => [...source.batch(indices)].map(([port, { data }]) => [port, ...data].join()));
  const data = hash([JSON.stringify([name, calls, batches, values, source.metadata, source.splits, seed])]);

  const hashModels = async () => {
    const compiled = await compile(read.spec, signature);
    if (!compiled.ok) throw new Error(textOf(compiled.problems));
    const { manifest, shard: _shard, ...models } = compiled.artifact;
    // The manifest's hash is that of the spec itself.
    const { hash: _, ...rest } = manifest;
    return hash([...Object.values(models).map((bytes) => bytes ?? ""), JSON.stringify(rest)]);
  };
  let hashed: Promise<string> | undefined;
  return {
    data,
    models() {
      hashed ??= hashModels();
      return hashed;
    },
  };
}
