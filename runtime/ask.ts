/** Asks a model about examples: what it says of them beside what is true. */
import type { Tensor } from "onnxruntime-node";
import type { NormalSpec } from "../schema/normal.js";
import type { Answers } from "./answers.js";
import { argmax } from "./data/labels.js";
import type { Metadata } from "./data/metadata.js";
import { unscaled } from "./data/scaler.js";
import { type DataSource, type NumericArray, usesOf } from "./data/source.js";
import type { Indices, Splits } from "./data/splits.js";
import type { Evaluator } from "./evaluate.js";

export interface Asked {
  readonly evaluator: Evaluator;
  readonly parameters: Readonly<Record<string, Tensor>>;
  readonly spec: NormalSpec;
  readonly source: DataSource;
}

/** Examples of a glimpse, at most: the first of the part to validate with, else to test with, else to train on. */
const glimpsedExamples = 300;

export function glimpsed(splits: Splits): { readonly part: keyof Splits; readonly examples: Indices } {
  const part = (["validation", "test", "train"] as const).find((name) => splits[name].length > 0) ?? "train";
  return { part, examples: splits[part].subarray(0, glimpsedExamples) };
}

const batchSize = 256;
/** Texts that are shown, at most. */
const mostTexts = 12;

export async function answersOf(asked: Asked, examples: Indices): Promise<Answers> {
  const { spec, source } = asked;
  const { targets } = usesOf(spec);
  const { metadata } = source;
  if (metadata.type === "text" || metadata.type === "pairs" || spec.loss.type === "ctc")
    return textsOf(asked, examples);
  if (targets === "numbers") return numbersOf(asked, examples, metadata);
  return classesOf(asked, examples, targets === "classes" ? namesOf(metadata) : null);
}

async function textsOf({ evaluator, parameters, spec, source }: Asked, examples: Indices): Promise<Answers> {
  // Windows that follow one another say nearly the same; where states go on, they have to.
  const stateful = spec.model.some((layer) => layer.layer === "rnn" && layer.stateful);
  const apart = stateful ? 1 : Math.max(1, Math.floor(examples.length / mostTexts));
  const chosen = examples.filter((_, place) => place % apart === 0).subarray(0, mostTexts);
  const said = await evaluator.predictions(parameters, chosen);
  const truths = spec.loss.type === "ctc" ? null : await truthOf(evaluator, parameters, source, chosen);
  return {
    kind: "texts",
    texts: said.map((text, index) => ({ truth: truths === null ? null : shown(truths[index]), said: shown(text) })),
  };
}

/** Targets decoded as predictions are: as scores that are certain. */
async function truthOf(
  evaluator: Evaluator,
  parameters: Asked["parameters"],
  source: DataSource,
  examples: Indices,
): Promise<readonly unknown[]> {
  const truths: unknown[] = [];
  for await (const { batch, output } of evaluator.outputs(parameters, examples, 1)) {
    const targets = source.batch(batch).get("targets");
    const width = output.shape.at(-1) ?? 1;
    if (targets === undefined) continue;
    const data = new Float32Array(targets.data.length * width);
    targets.data.forEach((id: number | bigint, place: number) => {
      data[place * width + Number(id)] = 1;
    });
    truths.push(...source.decode({ dtype: "float32", shape: [...targets.shape, width], data }, batch));
  }
  return truths;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function namesOf(metadata: Metadata): readonly string[] | null {
  return metadata.type === "sequences" || metadata.type === "table" ? (metadata.classes ?? null) : null;
}

/** Classes by their scores, or each number by which side of a half it is on. */
async function classesOf(asked: Asked, examples: Indices, names: readonly string[] | null): Promise<Answers> {
  const binary = usesOf(asked.spec).targets === "probabilities";
  const counts = new Map<string, number>();
  let size = binary ? 2 : (names?.length ?? 0);
  for await (const { output, targets, live } of pairsOf(asked, examples)) {
    const width = binary ? 1 : (output.shape.at(-1) ?? 1);
    const dense = targets.data.length === output.data.length;
    size = Math.max(size, binary ? 2 : width);
    for (let place = 0; place < output.data.length / width; place++) {
      if (!live(place, width)) continue;
      const said = binary ? Number((output.data[place] ?? 0) > 0.5) : argmax(output.data, place * width, width);
      const truth = binary
        ? Number(Number(targets.data[place]) > 0.5)
        : dense && width > 1
          ? argmax(targets.data, place * width, width)
          : Number(targets.data[place]);
      const key = `${truth} ${said}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const classes = Array.from({ length: size }, (_, id) => id);
  return {
    kind: "classes",
    names: classes.map((id) => names?.[id] ?? `${id}`),
    counts: classes.map((truth) => classes.map((said) => counts.get(`${truth} ${said}`) ?? 0)),
  };
}

async function numbersOf(asked: Asked, examples: Indices, metadata: Metadata): Promise<Answers> {
  const columns = metadata.type === "table" ? metadata.target : [];
  const scaler = metadata.type === "table" ? metadata.scaler : {};
  const columnsOf = new Map<number, { readonly truth: number[]; readonly said: number[] }>();
  for await (const { output, targets, live } of pairsOf(asked, examples)) {
    const width = output.shape.at(-1) ?? 1;
    for (let place = 0; place < output.data.length; place++) {
      const column = place % width;
      if (!live(Math.floor(place / width), width)) continue;
      const scaling = scaler[columns[column] ?? ""];
      const real = (value: number) => (scaling === undefined ? value : unscaled(value, scaling));
      const own = columnsOf.get(column) ?? { truth: [], said: [] };
      columnsOf.set(column, own);
      own.truth.push(real(Number(targets.data[place])));
      own.said.push(real(Number(output.data[place])));
    }
  }
  const nameOf = (column: number) => columns[column] ?? (columnsOf.size === 1 ? "target" : `target ${column}`);
  return {
    kind: "numbers",
    series: [...columnsOf].map(([column, own]) => ({ name: nameOf(column), ...own })),
  };
}

interface Pair {
  readonly output: NumericArray;
  readonly targets: NumericArray;
  /** Whether the entry, of outputs of some width, is within its sequence and weighs something. */
  readonly live: (place: number, width: number) => boolean;
}

async function* pairsOf({ evaluator, parameters, source }: Asked, examples: Indices): AsyncGenerator<Pair> {
  for await (const { batch, output } of evaluator.outputs(parameters, examples, batchSize)) {
    const arrays = source.batch(batch);
    const targets = arrays.get("targets");
    if (targets === undefined) throw new Error("The data has no targets.");
    const lengths = arrays.get("target_lengths") ?? arrays.get("lengths");
    const weights = arrays.get("weights");
    const live = (place: number, width: number) => {
      const steps = output.data.length / width / batch.length;
      if (weights !== undefined && weights.data.length === batch.length * steps && Number(weights.data[place]) === 0)
        return false;
      if (lengths === undefined || output.shape.length < 3) return true;
      return place % steps < Number(lengths.data[Math.floor(place / steps)] ?? steps);
    };
    yield { output, targets, live };
  }
}
