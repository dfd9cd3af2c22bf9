/** Windows of a table of numbers, with reversed files and states that continue. */
import { seriesInputs } from "../../../runtime/predict/stateful.js";
import type { Run } from "../../../runtime/run/open.js";
import { scaledSeries } from "../../../web/examples/table.js";
import { predictWindows } from "../../../web/predict.js";
import { constantOf, floats, onlyOutput, type PathCase } from "./path-case.js";

interface TableOptions {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
  readonly window: number;
  readonly data: object;
  readonly model: readonly object[];
  readonly loss: object;
  readonly stateful?: boolean;
  readonly reversed?: boolean;
}

/** Windows of a table of numbers, oldest row first; the input columns come first. */
export function tableCase({
  columns,
  rows,
  window,
  data,
  model,
  loss,
  stateful = false,
  reversed = false,
}: TableOptions): PathCase {
  const csv = (table: readonly (readonly (number | string)[])[]) =>
    `${[columns, ...(reversed ? [...table].reverse() : table)].map((row) => row.join(",")).join("\n")}\n`;
  const widthOf = ({ metadata }: Pick<Run, "metadata">) => (metadata.type === "table" ? metadata.columns.length : 0);
  const numbersOf = (run: Pick<Run, "metadata">) => rows.map((row) => row.slice(0, widthOf(run)).map(Number));
  const windows = rows.slice(window - 1).map((_, start) => start);
  return {
    spec: {
      data: { type: "table", file: "t.csv", window, ...data, ...(reversed && { reverse: true }) },
      model,
      loss,
      train: { steps: 6, ...(stateful && { batch_size: 1 }) },
    },
    files: { "t.csv": csv(rows) },
    batchSize: stateful ? 1 : 3,
    input: { name: "in.csv", content: csv(rows) },
    arrays(run) {
      const numbers = numbersOf(run);
      const parts = stateful ? [numbers] : windows.map((start) => numbers.slice(start, start + window));
      return new Map([["inputs", floats([parts.length, parts[0]?.length ?? 0, widthOf(run)], parts.flat(2))]]);
    },
    lengths: stateful ? [rows.length] : windows.map(() => window),
    hasSteps: true,
    predictionsOf: (outputs, width) =>
      windows.map((start) =>
        stateful
          ? outputs[0]?.slice((start + window - 1) * width, (start + window) * width)
          : outputs[start]?.slice(-width),
      ),
    onPage(model) {
      const { metadata } = model.page;
      if (metadata.type !== "table") throw new Error("not a table");
      const series = seriesInputs(scaledSeries(numbersOf({ metadata } as Run), metadata), rows.length, window);
      return onlyOutput(predictWindows(model, series));
    },
    exampleOf(code) {
      const example = constantOf(code, "rows") as number[][];
      return { name: "example.csv", content: csv(example.map((row) => columns.map((_, index) => row[index] ?? 0))) };
    },
    printed({ probability, ...row }, outputs) {
      // A class, next to columns of the input.
      if (probability !== undefined)
        return String(row[String((data as { readonly target?: readonly string[] }).target)]);
      return outputs;
    },
  };
}
