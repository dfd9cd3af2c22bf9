/** The weights of a run's attention layers for one example of its data. */
import type { Tensor } from "onnxruntime-common";
import { type AttentionPorts, attentionModel } from "../../compiler/inspect/attention-model.js";
import { stepsInput } from "../../schema/kinds/layers.js";
import type { NormalLayer } from "../../schema/normal/index.js";
import { idNamesFor, type Metadata } from "../data/metadata.js";
import { type Batch, inputArray } from "../data/source.js";
import type { Splits } from "../data/splits.js";
import { invalidInput, type RunFailure, runFailed } from "../outcome.js";
import { ok, type Result } from "../result.js";
import { feedsFor } from "../sessions/ports.js";
import { estimateWorkPerSync, openSession } from "../sessions/session.js";
import type { NumericArray } from "../tensors/array.js";
import type { RunExamples } from "./run-examples.js";

/** The steps of one axis of a map. */
export interface MapAxis {
  /** The layer or input that the steps are of. */
  readonly from: string;
  /** Of the steps that are shown: tokens, else numbers from 0. */
  readonly labels: readonly string[];
  /** The number of valid steps. */
  readonly steps: number;
}

export interface AttentionMap {
  readonly layer: string;
  readonly query: MapAxis;
  readonly memory: MapAxis;
  /** For each head, or once without heads: a row for each step of the query, over the steps of the memory. */
  readonly heads: readonly (readonly Float32Array[])[];
}

export interface AttentionMaps {
  /** The split of the example; null where it is in none. */
  readonly split: keyof Splits | null;
  readonly example: number;
  readonly maps: readonly AttentionMap[];
}

const splitNames = ["test", "validation", "train"] as const;
/** Steps that are shown of each axis: the first. */
const MAX_STEPS = 32;
/** Examples among which one is chosen: the first of the split. */
const MAX_CANDIDATES = 100;

/**
 * The maps of one example; none for a model without attention.
 *
 * @param requested the number of an example of the data, from 0; null for the longest of the split's first examples
 * that is shown as a whole, else the first.
 */
export async function attentionMaps(
  { run, parameters, source, examples }: RunExamples,
  requested: number | null,
): Promise<Result<AttentionMaps | null, RunFailure>> {
  const { spec, signature, metadata } = run;
  const model = await attentionModel(spec, signature);
  if (model === null && requested !== null)
    return invalidInput([
      { code: "no-attention", path: "", message: "The model has no attention layer.", hint: "Name no example." },
    ]);
  if (model === null) return ok(null);
  if (requested !== null && requested >= source.examples) {
    const message = `The data has no example ${requested}: it has ${source.examples}, counted from 0.`;
    return invalidInput([{ code: "no-example", path: "", message, hint: "Choose another one." }]);
  }
  const stepsOf = (example: number) => validSteps(source.batch([example]), "inputs");
  const whole = Array.from(examples.subarray(0, MAX_CANDIDATES)).filter((example) => stepsOf(example) <= MAX_STEPS);
  const example =
    requested ??
    whole.reduce(
      (longest, other) => (stepsOf(other) > stepsOf(longest) ? other : longest),
      whole[0] ?? examples[0] ?? 0,
    );
  const batch = source.batch([example]);
  const opened = await openSession(model.model, "cpu", estimateWorkPerSync(run.manifest.parameters, 1));
  if (!opened.ok) return runFailed(opened.error.message, opened.error.hint);
  const stored = (name: string): NumericArray | undefined => {
    const tensor = parameters.get(name);
    return tensor && { dtype: "float32", ...tensor };
  };
  const feeds = feedsFor(model.inputs, ({ name }) => stored(name) ?? batch.get(name));
  const maps: AttentionMap[] = [];
  // One layer at a time: the weights of long sequences are large.
  for (const ports of model.layers) {
    const counts = [ports.querySteps, ports.memorySteps].flatMap((name) =>
      name === null || batch.has(name) ? [] : [name],
    );
    const results = await opened.value.session.run(feeds, [...new Set([ports.weights, ...counts])]);
    const stepCount = (name: string | null): number | undefined => {
      const steps = name === null ? undefined : (results[name]?.data ?? batch.get(name)?.data);
      return steps === undefined ? undefined : Number(steps[0]);
    };
    const { dims, data } = expectFloats(results[ports.weights]);
    const [rows = 1, columns = 1] = dims.slice(-2);
    const [query, memory] = axesOf(spec.model, ports, { batch, metadata, rows, columns, stepCount });
    const heads = Array.from({ length: dims.length === 4 ? (dims[1] ?? 1) : 1 }, (_, head) =>
      query.labels.map((_label, row) => {
        const start = (head * rows + row) * columns;
        return data.slice(start, start + memory.labels.length);
      }),
    );
    maps.push({ layer: ports.layer, query, memory, heads });
  }
  const split = splitNames.find((name) => source.splits[name].includes(example)) ?? null;
  return ok({ split, example, maps });
}

function expectFloats(tensor: Tensor | undefined): { readonly dims: readonly number[]; readonly data: Float32Array } {
  if (!(tensor?.data instanceof Float32Array)) throw new Error("The session returned no attention weights.");
  return { dims: tensor.dims, data: tensor.data };
}

interface AxisContext {
  readonly batch: Batch;
  readonly metadata: Metadata;
  /** Steps of the query and of the memory, with padding. */
  readonly rows: number;
  readonly columns: number;
  readonly stepCount: (name: string | null) => number | undefined;
}

function axesOf(
  model: readonly NormalLayer[],
  { layer, querySteps, memorySteps }: AttentionPorts,
  { batch, metadata, rows, columns, stepCount }: AxisContext,
): readonly [MapAxis, MapAxis] {
  const from = model.find(({ name }) => name === layer)?.from ?? [];
  const [query = "", memory = query] = from;
  const axis = (name: string, padded: number, valid: number | undefined): MapAxis => {
    const steps = Math.min(padded, valid ?? padded);
    const input = stepsInput(model, name);
    const tokens = input === undefined ? [name] : tokensOf(batch, input, metadata);
    const labels = tokens?.length === padded ? tokens : Array.from({ length: padded }, (_, step) => `${step}`);
    return { from: name, labels: labels.slice(0, Math.min(steps, MAX_STEPS)), steps };
  };
  return [axis(query, rows, stepCount(querySteps)), axis(memory, columns, stepCount(memorySteps))];
}

/** The ids of an example by their names, else as numbers, with padding; undefined for an input that is not of ids. */
function tokensOf(batch: Batch, input: string, metadata: Metadata): readonly string[] | undefined {
  const array = inputArray(batch, input);
  if (array === undefined || array.dtype === "float32" || array.shape.length !== 2) return undefined;
  const names = idNamesFor(input, metadata)?.names;
  return Array.from<number | bigint, string>(array.data, (id) => `${names?.[Number(id)] ?? id}`);
}

function validSteps(batch: Batch, input: string): number {
  const steps = inputArray(batch, input)?.shape[1] ?? 1;
  return Math.min(steps, Number(batch.get("lengths")?.data[0] ?? steps));
}
