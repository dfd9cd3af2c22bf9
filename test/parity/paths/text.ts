/** Windows of a text as lines; the whole text as one line where states continue. */
import type { Run } from "../../../runtime/run/open.js";
import { predict } from "../../../web/predict.js";
import { constantOf, ints, onlyOutput, type PathCase } from "./path-case.js";

type TextUnit = "char" | "word" | "byte";

/** Windows of a text as lines, or the whole text as one where states continue. */
export function textCase(
  text: string,
  unit: TextUnit,
  data: object,
  model: readonly object[],
  stateful = false,
): PathCase {
  const window = 4;
  const units = { char: [...text], word: text.split(" "), byte: [...Buffer.from(text)] }[unit];
  const join = (part: readonly (string | number)[]) =>
    unit === "byte" ? Buffer.from(part.map(Number)).toString("latin1") : part.join(unit === "word" ? " " : "");
  const windows = stateful
    ? [units.slice(0, -1 - ((units.length - 1) % window))]
    : units.slice(0, -window).map((_, start) => units.slice(start, start + window));
  const idOf = ({ metadata }: Run, entry: string | number) => {
    if (metadata.type !== "text") throw new Error("not text");
    const id = metadata.vocabulary.indexOf(entry as never);
    return id < 0 ? (metadata.unknown ?? -1) : id;
  };
  const stack = (run: Run) =>
    ints(
      [windows.length, windows[0]?.length ?? 0],
      windows.flat().map((u) => idOf(run, u)),
    );
  return {
    spec: {
      data: { type: "text", text, unit, window, ...data },
      model,
      loss: { type: "sequence_loss" },
      train: { steps: 6, ...(stateful && { batch_size: 1 }) },
    },
    batchSize: stateful ? 1 : 3,
    input: {
      name: "in.txt",
      content: Buffer.from(`${windows.map(join).join("\n")}\n`, unit === "byte" ? "latin1" : "utf8"),
    },
    arrays: (run) => new Map([["inputs", stack(run)]]),
    lengths: windows.map(({ length }) => length),
    hasSteps: true,
    onPage: (model) =>
      onlyOutput(predict(model, new Map([["inputs", stack({ metadata: model.page.metadata } as Run)]]))),
    exampleOf: (code) => ({ name: "example.txt", content: `${constantOf(code, "ids")}\n` }),
    printed: ({ prediction, next }, _, form) => String(form === "step" ? next : prediction),
  };
}
