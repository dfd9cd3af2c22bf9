/** The playground of single rows of a table with kinds: a form, and the prediction for its row. */

import { fieldReader } from "../../runtime/data/formats/field-readers.js";
import { metadataOf, type TableMetadata } from "../../runtime/data/metadata.js";
import { scalerOf, unscaleValues } from "../../runtime/data/scaler.js";
import type { Scores } from "../../runtime/predict/format-predictions.js";
import type { PageOutput, TableForm } from "../../runtime/web/page-manifest.js";
import { bars, element, exampleList, field, independentBars, message, outputView, runLatest } from "../dom.js";
import { rowBatch } from "../examples/table-form.js";
import { shortNumber } from "../line-chart.js";
import type { Model } from "../load-model.js";
import { predict } from "../predict.js";
import { shortened } from "./sequences.js";

type FormColumn = TableForm["columns"][number];
type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

export function tableFormPanel(model: Model, metadata: TableMetadata, form: TableForm): HTMLElement {
  const { samples } = model.page;
  const rows = samples?.type === "form" ? samples.rows : [];
  const controls = form.columns.map((column) => ({ column, control: controlOf(column, metadata) }));
  const errorMessage = message();
  const result = element("div", { class: "result", "aria-live": "polite" });
  const update = runLatest(async () => {
    try {
      const values = new Map(controls.map(({ column, control }) => [column.name, control.value]));
      const batch = rowBatch(values, form, metadata);
      errorMessage.show(batch.ok ? "" : (batch.error[0]?.message ?? ""));
      if (!batch.ok) return result.replaceChildren();
      const predictions = await predict(model, batch.value);
      const views = predictions.flatMap(({ output, scores }) =>
        outputView(
          output,
          ...scores.map((row) => rowPrediction(output, metadataOf(metadata, output.loss.target), row)),
        ),
      );
      result.replaceChildren(...views);
    } catch (error) {
      errorMessage.show(String(error));
    }
  });
  const fillIn = (row: readonly string[]) => {
    for (const [index, { column, control }] of controls.entries())
      control.value = controlValue(column, row[index] ?? "", form);
    update();
  };
  for (const { control } of controls) control.addEventListener("input", update);
  fillIn(rows[0] ?? []);
  return element(
    "section",
    { class: "card" },
    result,
    errorMessage.view,
    element("h2", {}, "Input: a row"),
    element("div", { class: "controls" }, ...controls.map(({ column, control }) => field(column.name, control))),
    exampleList("Rows of the data", rows.slice(0, 6), (row) => shortened(row.join(", ")), fillIn),
  );
}

/** Numbers and texts are written, categories and booleans chosen, dates picked. */
function controlOf({ name, kind }: FormColumn, { ids = {} }: TableMetadata): Control {
  switch (kind.type) {
    case "category": {
      const column = Object.values(ids).find((each) => each.column === name);
      const categories = column !== undefined && "categories" in column ? column.categories : [];
      return select([...categories, ""], name);
    }
    case "boolean":
      return select([kind.true?.[0] ?? "yes", kind.false?.[0] ?? "no", ""], name);
    case "date": {
      const hasTime = kind.features.some((feature) => feature === "hour" || feature === "minute");
      return element("input", { type: hasTime ? "datetime-local" : "date" });
    }
    case "text":
      return element("textarea", { rows: 2, spellcheck: "false" });
    default:
      return element("input", { type: "text", inputmode: "decimal", autocomplete: "off" });
  }
}

function select(values: readonly string[], name: string): HTMLSelectElement {
  const options = values.map((value) => element("option", { value }, value === "" ? "(empty)" : value));
  return element("select", { "aria-label": name }, ...options);
}

/** A field of the data as the value of its control. */
function controlValue({ kind }: FormColumn, text: string, form: TableForm): string {
  const { read, isMissing } = fieldReader(kind, form);
  if (kind.type === "boolean") {
    if (isMissing(text)) return "";
    return read(text) === 1 ? (kind.true?.[0] ?? "yes") : (kind.false?.[0] ?? "no");
  }
  if (kind.type !== "date" || Number.isNaN(read(text))) return text;
  const hasTime = kind.features.some((feature) => feature === "hour" || feature === "minute");
  return new Date(read(text)).toISOString().slice(0, hasTime ? 16 : 10);
}

/** The probabilities of classes or of columns, or the numbers in the units of the data. */
function rowPrediction({ uses: { targets } }: PageOutput, metadata: TableMetadata, scores: Scores): HTMLElement {
  const { classes, target, scaler } = metadata;
  if (targets === "numbers") {
    const values = unscaleValues(scores.data, (index) => scalerOf(scaler, target[index]));
    const lines = Array.from(values, (value, index) =>
      element("p", { class: "headline" }, `${target[index]}: `, element("b", {}, shortNumber(value))),
    );
    return element("div", {}, ...lines);
  }
  const titles = targets === "classes" ? classes : target;
  const shares = Array.from(scores.data, (share, id) => ({ name: `${titles?.[id] ?? id}`, share }));
  return targets === "classes" ? bars(shares) : independentBars(shares);
}
