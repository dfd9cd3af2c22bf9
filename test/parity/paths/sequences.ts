/** Sequences of tokens or vectors, padded to the longest. */
import { withoutPadding } from "../../../runtime/predict/format-predictions.js";
import { predictionPort } from "../../../runtime/sessions/ports.js";
import { readSequence, sequenceBatch } from "../../../web/examples/sequences.js";
import { predict } from "../../../web/predict.js";
import { constantOf, floats, ints, longs, onlyOutput, type PathCase } from "./path-case.js";

interface Sequence {
  readonly text?: string;
  readonly inputs?: readonly (readonly number[])[];
  readonly label?: unknown;
  readonly tags?: readonly unknown[];
}

export function sequencesCase(
  lines: readonly Sequence[],
  data: object,
  model: readonly object[],
  loss: string,
  maxLength = 99,
): PathCase {
  const jsonl = (objects: readonly object[]) => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
  const isChars = "unit" in data && data.unit === "char";
  const split = (text: string) => (isChars ? [...text] : text.split(" "));
  const stepsOf = ({ text, inputs = [] }: Sequence) => (text === undefined ? inputs : split(text)).slice(0, maxLength);
  const lengths = lines.map((line) => stepsOf(line).length);
  const time = Math.max(...lengths);
  const isBackward = JSON.stringify(model).includes("bidirectional");
  return {
    spec: {
      data: { type: "sequences", file: "s.jsonl", ...data },
      model,
      loss: { type: loss },
      train: { steps: 6, batch_size: 2 },
    },
    files: { "s.jsonl": jsonl(lines) },
    batchSize: 2,
    input: { name: "in.jsonl", content: jsonl(lines.map(({ label: _, tags: __, ...steps }) => steps)) },
    arrays({ metadata }) {
      if (metadata.type !== "sequences") throw new Error("no sequences");
      const { vocabulary } = metadata;
      const steps = lines.map((line) => stepsOf(line));
      const padded = steps.flatMap((row) =>
        Array.from({ length: time }, (_, step) => {
          const entry = row[step];
          if (vocabulary === undefined) return entry ?? [0, 0];
          return entry === undefined ? 0 : Math.max(0, vocabulary.indexOf(String(entry)));
        }),
      );
      const shape = vocabulary === undefined ? [lines.length, time, 2] : [lines.length, time];
      const make = vocabulary === undefined ? floats : ints;
      return new Map([
        ["inputs", make(shape, padded.flat() as number[])],
        ["lengths", longs(lengths)],
      ]);
    },
    lengths,
    hasSteps: !isBackward,
    async onPage(model) {
      const { page } = model;
      if (page.metadata.type !== "sequences") throw new Error("no sequences");
      const { metadata } = page;
      const read = lines.map(({ text, inputs }) => readSequence(text ?? JSON.stringify(inputs), metadata, page));
      const sequences = read.flatMap((result) => (result.ok ? [result.value] : []));
      const scores = await onlyOutput(predict(model, sequenceBatch(sequences, page)));
      const port = predictionPort(page.manifest.model);
      return scores.map((rows, example) => withoutPadding(rows, port, lengths[example]));
    },
    exampleOf(code) {
      const isText = lines[0]?.text !== undefined;
      const steps = isText ? { text: constantOf(code, "ids") } : { inputs: constantOf(code, "rows") };
      return { name: "example.jsonl", content: jsonl([steps]) };
    },
    printed({ label, tags }, outputs, form) {
      if (loss !== "cross_entropy" && loss !== "sequence_loss")
        return form === "step" && Array.isArray(tags) ? outputs.slice(-2) : outputs;
      return Array.isArray(tags) ? (form === "step" ? String(tags.at(-1)) : tags.join(" ")) : String(label);
    },
  };
}
