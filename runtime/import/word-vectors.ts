/** Pre-trained vectors of words for the tables of embedding layers: the text formats of GloVe, word2vec and fastText. */
import type { StoredTensor } from "../../compiler/artifact.js";
import { child } from "../../schema/json-pointer.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { parseNumber } from "../data/formats/number-notation.js";
import { readingProblem, readTextChunks, splitLines } from "../data/formats/utf8-reader.js";
import type { Metadata } from "../data/metadata.js";
import { formatCount, formatInteger } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { initializeTensor } from "../tensors/initializers.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { ImportedWeights } from "./index.js";

type Embedding = Extract<NormalSpec["model"][number], { readonly layer: "embedding" }>;

/** Limit of a line in characters. */
const MAX_LINE_LENGTH = 2 ** 20;

/** Tables with the vectors of their words; a word that the file does not have keeps its initial values. */
export async function readWordVectors(
  { model, seed }: Pick<NormalSpec, "model" | "seed">,
  folder: string,
  metadata: Metadata,
  parameters: readonly StoredTensor[],
): Promise<Result<ImportedWeights>> {
  const tensors = new Map<string, Tensors extends ReadonlyMap<string, infer T> ? T : never>();
  const notices: string[] = [];
  const problems: RunProblem[] = [];
  for (const [index, layer] of model.entries()) {
    if (layer.layer !== "embedding" || layer.vectors === null) continue;
    const path = child(child("/model", index), "vectors");
    if (layer.weights !== null) {
      problems.push(sharedTable(path, layer.weights));
      continue;
    }
    const stored = parameters.find(({ name }) => name === `${layer.name}/W`);
    const words = wordsOf(layer, metadata);
    if (stored === undefined || words === null) {
      problems.push(noWords(path));
      continue;
    }
    const found = await findVectors({ file: layer.vectors, folder, path }, layer, words, Number(stored.shape[1]));
    if (!found.ok) {
      problems.push(...found.error);
      continue;
    }
    const data = initializeTensor(stored, seed);
    const width = Number(stored.shape[1]);
    for (const [id, vector] of found.value.vectors) data.set(vector, id * width);
    tensors.set(stored.name, { shape: stored.shape, data });
    notices.push(...found.value.notices);
  }
  return problems.length > 0 ? fail(problems) : ok({ tensors, notices });
}

/** The words of a layer's ids; null where ids are no words or characters. */
function wordsOf({ from }: Embedding, metadata: Metadata): readonly string[] | null {
  const isTarget = from.includes("decoder_inputs");
  if (!isTarget && !from.includes("inputs")) return null;
  switch (metadata.type) {
    case "text":
    case "sequences":
    case "pairs": {
      const vocabulary =
        isTarget && metadata.type === "pairs" ? metadata.target_vocabulary : (metadata.vocabulary ?? null);
      return metadata.unit === "word" || metadata.unit === "char" ? (vocabulary?.map(String) ?? null) : null;
    }
    default:
      return null;
  }
}

function sharedTable(path: string, owner: string): RunProblem {
  const message = `The layer shares the table of ${owner}.`;
  return { code: "word-vectors", path, message, hint: `Name the file of vectors in ${owner}.` };
}

function noWords(path: string): RunProblem {
  return {
    code: "word-vectors",
    path,
    message: "Only the words or characters of text, sequences or pairs have vectors in a file.",
    hint: 'Set "unit": "word" in data, or remove vectors.',
  };
}

interface FoundVectors {
  /** By id. */
  readonly vectors: ReadonlyMap<number, readonly number[]>;
  readonly notices: readonly string[];
}

/** Names of the unknown word in files. */
const unknownNames = ["<unknown>", "<unk>"];

async function findVectors(
  source: { readonly file: string; readonly folder: string; readonly path: string },
  { name }: Embedding,
  words: readonly string[],
  width: number,
): Promise<Result<FoundVectors>> {
  const { file, path } = source;
  const idOf = new Map(words.map((word, id) => [word, id]));
  const unknown = idOf.get("<unknown>");
  if (unknown !== undefined) for (const own of unknownNames) idOf.set(own, idOf.get(own) ?? unknown);
  const capitals = words.filter((word) => word !== word.toLowerCase());
  const lowered = new Map(capitals.map((word) => [word.toLowerCase(), word]));
  const vectors = new Map<number, readonly number[]>();
  const inLowerCase = new Set<string>();
  let line = 0;
  const problem = (what: string, hint: string): RunProblem => ({
    code: "word-vectors",
    path,
    file,
    line,
    message: `${file}:${line}: ${what}`,
    hint,
  });
  try {
    for await (const text of splitLines(readTextChunks(source), MAX_LINE_LENGTH)) {
      line += 1;
      const fields = text.trimEnd().split(/[ \t]/u);
      // word2vec and fastText begin with the numbers of words and of columns.
      if (line === 1 && fields.length === 2 && fields.every((field) => /^\d+$/u.test(field))) continue;
      const [word = ""] = fields;
      const count = fields.length - 1;
      if (line <= 2 && vectors.size === 0 && count !== width && count > 0 && text.trim() !== "")
        return fail([
          {
            ...problem(
              `The vector has ${formatCount(count, "number")}, but the layer ${name} has the size ${width}.`,
              `Set "size": ${count} in the layer, or name another file.`,
            ),
          },
        ]);
      if (lowered.has(word) && !idOf.has(word)) inLowerCase.add(lowered.get(word) ?? "");
      const id = idOf.get(word);
      // A word with spaces in it is none of a text.
      if (id === undefined || vectors.has(id) || count > width) continue;
      const numbers = fields.slice(1).map(parseNumber);
      if (count < width || !numbers.every((number) => Number.isFinite(Math.fround(number))))
        return fail([
          problem(
            `${JSON.stringify(word)} has no vector of ${formatCount(width, "finite number")}.`,
            "Write a word and its numbers on each line, separated by spaces.",
          ),
        ]);
      vectors.set(id, numbers);
    }
  } catch (error) {
    return fail([readingProblem(source, error)]);
  }
  const known = words.filter((word, id) => vectors.has(id) && !unknownNames.includes(word)).length;
  const total = words.filter((word) => !["<unknown>", "<start>", "<end>"].includes(word)).length;
  const missing = [...inLowerCase].filter((word) => !vectors.has(idOf.get(word) ?? -1)).length;
  const wayOut =
    missing > 0 ? `${formatInteger(missing)} more have one in lower case: "lowercase": true in data.text` : "";
  if (known === 0) {
    const message = `No word of the vocabulary has a vector in "${file}".`;
    return fail([
      { code: "word-vectors", path, file, message, hint: wayOut === "" ? "Name another file." : `${wayOut}.` },
    ]);
  }
  const share = Math.round((100 * known) / Math.max(total, 1));
  const start = `${name}: ${formatInteger(known)} of ${formatCount(total, "word")} (${share} %) have a vector in "${file}"`;
  const others = known < total ? ", the others start from random values" : "";
  return ok({ vectors, notices: [`${start}${others}.${wayOut === "" ? "" : ` ${wayOut}.`}`] });
}

/** Initial weights over vectors: tensors of the file of weights come last. */
export function mergeWeights(
  vectors: Result<ImportedWeights>,
  weights: Result<ImportedWeights>,
): Result<ImportedWeights> {
  if (!vectors.ok || !weights.ok) return fail([vectors, weights].flatMap((result) => (result.ok ? [] : result.error)));
  return ok({
    tensors: new Map([...vectors.value.tensors, ...weights.value.tensors]),
    notices: [...vectors.value.notices, ...weights.value.notices],
  });
}
