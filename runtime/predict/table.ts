/** Tables: for each row that a window ends at, the target that lies ahead of it, scaled back. */
import { collectFloats } from "../data/floats.js";
import { scaled, unscaled } from "../data/scaler.js";
import { readRows, rowsOf } from "../data/table-rows.js";
import { type FloatSeries, gatherWindows } from "../data/windows.js";
import { type RunProblem, refuse } from "../problem.js";
import { classified, probabilities, quantities, type Scores } from "./answers.js";
import type { OpenInputs } from "./inputs.js";

export const table: OpenInputs = async ({ run, file, folder, uses }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "table" || spec.data.type !== "table") throw new Error("The run's data is no table.");
  const { columns, target, scaler, classes } = metadata;
  const { window } = spec.data;
  const read = await readRows({ ...spec.data, file, columns, target: null }, folder, false);
  if (!read.ok) return refuse(...read.problems.map((problem) => ({ ...problem, file })));
  const { rows, values, lineOf } = read.table;
  if (rows < window) {
    const message = `"${file}" has ${rows} row${rows === 1 ? "" : "s"}, and the model reads windows of ${window}.`;
    return refuse({ code: "table-too-short", path: "", file, message, hint: "Give it more rows." });
  }
  const collected = collectFloats.float32();
  const scalings = columns.map((name) => scaler[name]);
  let row = 0;
  for (const numbers of rowsOf(values, columns.length)) {
    const found = numbers.map((value, column) => {
      const scaling = scalings[column];
      return scaling === undefined ? value : scaled(value, scaling);
    });
    const large = found.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (large >= 0) return refuse(tooLarge(file, lineOf(row), columns[large] ?? ""));
    for (const value of found) collected.push(value);
    row++;
  }
  const series: FloatSeries = { dtype: "float32", width: columns.length, data: collected.finish() };
  /** The last step's numbers: those before it are of targets that earlier windows speak of. */
  const lastStep = ({ shape, data: all }: Scores): Scores => {
    const size = shape.at(-1) ?? 1;
    return { shape: [size], data: all.slice(-size) };
  };
  return {
    ok: true,
    inputs: {
      lengths: new Uint32Array(rows - window + 1).fill(window),
      padded: false,
      batch(examples) {
        const shape = [examples.length, window, columns.length];
        return new Map([["inputs", gatherWindows(series, { stride: 1, shift: 0, length: window }, examples, shape)]]);
      },
      finish(scores) {
        const last = probabilities(spec, uses.targets, lastStep(scores));
        if (uses.targets !== "numbers") return last;
        const back = last.data.map((value, place) => {
          const scaling = scaler[target[place] ?? ""];
          return scaling === undefined ? value : unscaled(value, scaling);
        });
        return { ...last, data: back };
      },
      describe(example, finished) {
        const line = lineOf(example + window - 1);
        const [name = "target"] = target;
        if (uses.targets === "classes") return { line, ...classified(name, finished, classes ?? null) };
        const numbers = [quantities(finished)].flat();
        return { line, ...Object.fromEntries(target.map((column, place) => [column, numbers[place]])) };
      },
    },
  };
};

function tooLarge(file: string, line: number, name: string): RunProblem {
  const message = `Line ${line} of "${file}" holds a number that is too large, in column "${name}".`;
  return { code: "table-value", path: "", file, line, message, hint: "" };
}
