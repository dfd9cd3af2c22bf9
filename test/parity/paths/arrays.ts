/** Arrays by role: several inputs, lengths, given states. */
import { withoutPadding } from "../../../runtime/predict/format-predictions.js";
import { predictionPort } from "../../../runtime/sessions/ports.js";
import type { NumericArray } from "../../../runtime/tensors/array.js";
import { dataPorts, readExamples, stackExamples } from "../../../web/examples/arrays.js";
import { predict } from "../../../web/predict.js";
import { constantOf, onlyOutput, type PathCase } from "./path-case.js";

/** Arrays by role, as nested lists. The model reads those of `read`. */
export function arraysCase(
  roles: Readonly<Record<string, unknown>>,
  data: object,
  model: readonly object[],
  loss: object,
  read: {
    readonly ports: Readonly<Record<string, NumericArray>>;
    readonly lengths: readonly number[];
    readonly hasSteps: boolean;
  },
): PathCase {
  const { ports, lengths, hasSteps } = read;
  const rest = (shape: readonly number[], time: number) =>
    shape.slice(1).map((size, axis) => (axis === 0 && shape.length > 1 ? time : size));
  const zerosOf = (shape: readonly number[]): unknown =>
    shape.length === 0 ? 0 : Array.from({ length: shape[0] ?? 0 }, () => zerosOf(shape.slice(1)));
  return {
    spec: { data: { type: "arrays", ...data }, model, loss, train: { steps: 6, batch_size: 2 } },
    batchSize: 2,
    input: { name: "in.json", content: JSON.stringify(roles) },
    arrays: () => new Map(Object.entries(ports)),
    lengths,
    hasSteps,
    async onPage(model) {
      const { page } = model;
      const portList = dataPorts(page.manifest.model);
      const names = Object.keys(roles);
      const examples = lengths.map((_, index) =>
        Object.fromEntries(
          portList.map(({ name }) => {
            const role = roles[name] ?? (name === "inputs" ? roles[names[0] ?? ""] : undefined);
            return [name, (role as unknown[])[index]];
          }),
        ),
      );
      const text = readExamples(JSON.stringify(examples), portList, page.id_limits);
      if (!text.ok) throw new Error(JSON.stringify(text));
      const scores = await onlyOutput(predict(model, stackExamples(text.value, portList)));
      return scores.map((rows, example) => withoutPadding(rows, predictionPort(page.manifest.model), lengths[example]));
    },
    exampleOf(code) {
      const isIds = code.includes("const ids");
      const example = constantOf(code, isIds ? "ids" : "rows") as unknown[];
      const isRow = ports.inputs?.shape.length === 2 && !isIds;
      const others = Object.entries(ports).flatMap(([name, { shape }]) => {
        if (name === "inputs") return [];
        if (name === "lengths") return [[name, [example.length]]];
        return [[name, [zerosOf(shape.length > 2 ? rest(shape, example.length) : shape.slice(1))]]];
      });
      const content = { inputs: isRow ? example : [example], ...Object.fromEntries(others) };
      return { name: "example.json", content: JSON.stringify(content) };
    },
    printed({ class: classes, labels }, outputs, form) {
      if (labels !== undefined && form === "sequence") return labels as number[];
      if (classes === undefined) return outputs;
      const list = [classes].flat().map(Number);
      return form === "step" ? list.slice(-1) : list;
    },
  };
}
