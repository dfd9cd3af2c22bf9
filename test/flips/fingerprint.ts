/** Everything that a spec decides before a run: its models, its data, and the batches of its first steps. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { compile } from "../../compiler/compile.js";
import { openData } from "../../runtime/data/index.js";
import { schedule } from "../../runtime/order.js";
import { milestones, openPace } from "../../runtime/pace.js";
import { carriesStates, streamSchedule } from "../../runtime/streams.js";
import { readSpec } from "../../schema/read.js";

const folder = fileURLToPath(new URL("../../specs/data/", import.meta.url));

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A copy of a spec with one member set, by its JSON pointer; undefined takes it out. */
export function set(part: Json, pointer: string, value: Json | undefined): Json {
  const [, key = "", ...rest] = pointer.split("/");
  const change = (old: Json | undefined): Json | undefined =>
    rest.length === 0 ? value : set(old ?? {}, `/${rest.join("/")}`, value);
  if (Array.isArray(part)) return part.map((entry, index) => (`${index}` === key ? (change(entry) ?? null) : entry));
  const { [key]: old, ...others } = part as { readonly [key: string]: Json };
  const next = change(old);
  return next === undefined ? others : { ...others, [key]: next };
}

export async function fingerprint(spec: Json): Promise<string> {
  const read = await readSpec(JSON.stringify(spec), { folder });
  if (!read.ok) throw new Error(read.diagnostics.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const opened = await openData(read.spec, folder);
  if (!opened.ok) throw new Error(opened.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const { source } = opened;
  const { train, seed, name } = read.spec;
  const signature = source.signature(train);
  const compiled = await compile(read.spec, signature);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  const { manifest, shard: _shard, ...models } = compiled.artifact;
  // The hash is made of the spec itself, so it says nothing of an effect.
  const { hash: _, ...said } = manifest;

  const streamed = carriesStates(manifest) ? streamSchedule(train, source.splits.train) : undefined;
  if (streamed?.ok === false) throw new Error(streamed.problems.map(({ message }) => message).join("\n"));
  const plan = streamed?.plan ?? schedule(train, seed, source.buckets ?? [source.splits.train]);
  const calls = [openPace(train.steps_per_call, 1).steps(), milestones(train, plan), plan.steps, plan.batchSize];
  const batches = Array.from({ length: 3 }, (_, step) => [...plan.batchesAt(step + 1, 1)]);
  const values = batches.map((indices) => [...source.batch(indices)].map(([port, { data }]) => [port, ...data].join()));
  const digest = createHash("sha256");
  for (const model of Object.values(models)) digest.update(model ?? "");
  digest.update(JSON.stringify([name, said, calls, batches, values, source.metadata, source.splits, seed]));
  return digest.digest("hex");
}
