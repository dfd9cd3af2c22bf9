/** Everything that a spec decides before a run: its models, its data, and the batches of its first steps. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/compile.js";
import { createBatchSchedule } from "../../runtime/data/batching/batch-schedule.js";
import { createStatefulSchedule, isStateful } from "../../runtime/data/batching/stateful-batches.js";
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

export async function fingerprint(spec: Json): Promise<string> {
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const opened = await openData(read.spec, folder);
  if (!opened.ok) throw new Error(opened.error.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const source = opened.value;
  const { train, seed, name } = read.spec;
  const signature = source.signature(train);
  const compiled = await compile(read.spec, signature);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const { manifest, shard: _shard, ...models } = compiled.artifact;
  // The hash is made of the spec itself, so it says nothing of an effect.
  const { hash: _, ...rest } = manifest;

  const streamed = isStateful(manifest) ? createStatefulSchedule(train, source.splits.train) : undefined;
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
  const digest = createHash("sha256");
  for (const model of Object.values(models)) digest.update(model ?? "");
  digest.update(JSON.stringify([name, rest, calls, batches, values, source.metadata, source.splits, seed]));
  return digest.digest("hex");
}
