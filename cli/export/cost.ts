/** What fewer bits cost, as a user reads it. */
import type { Cost } from "../../runtime/export/precision.js";
import { bytes, decimal } from "../numbers.js";

export function costText({ precision, bytes: sizes, difference, metrics }: Cost): string {
  const answers =
    difference === null ? "" : `; the answers differ from the trained model's by at most ${decimal(difference)}`;
  return [
    `weights as ${precision}: ${bytes(sizes.after)} in place of ${bytes(sizes.before)}${answers}`,
    ...(metrics === null
      ? ["the run's own data cannot be read, so its metrics with these weights are not known"]
      : changes(metrics)),
  ].join("\n");
}

/** One line for each part of the data that has metrics. */
function changes({ before, after }: NonNullable<Cost["metrics"]>): readonly string[] {
  return (["train", "validation", "test"] as const).flatMap((part) => {
    const names = Object.keys(before[part]);
    const moved = names.map((name) => `${name} ${value(before[part][name])} → ${value(after[part][name])}`);
    return names.length === 0 ? [] : [`${part}  ${moved.join("  ")}`];
  });
}

function value(metric: number | undefined): string {
  return metric === undefined ? "?" : decimal(metric);
}
