/** A confusion matrix as text: columns headed by the classes, or by their numbers where the names are too wide. */
import type { Colors } from "./output.js";
import { tableText } from "./table.js";
import { columnsOf, displayWidth } from "./wrap-text.js";

/** @param counts by the class of the target, then by that of the prediction. @param width columns of the output. */
export function confusionText(
  colors: Colors,
  names: readonly string[],
  counts: readonly (readonly string[])[],
  width = columnsOf(process.stdout),
): string {
  const widest = Math.max(...names.map(displayWidth));
  const needed = names.reduce((sum, name) => sum + displayWidth(name) + 2, widest);
  const isNumbered = needed > width;
  const titles = isNumbered ? names.map((_, id) => `${id}`) : names;
  const rows = counts.map((row, id) => [isNumbered ? `${id} ${names[id]}` : (names[id] ?? ""), ...row]);
  return tableText(
    colors,
    [{ title: "" }, ...titles.map((title) => ({ title, align: "right" as const }))],
    rows,
    width,
  );
}
