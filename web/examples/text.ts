/** Text as a training set: windows with next-token targets. */
import { gatherWindows } from "../../runtime/data/batching/windows.js";
import type { TextMetadata } from "../../runtime/data/metadata.js";
import { tokenize, unitNames } from "../../runtime/data/vocabulary/tokens.js";
import { formatCount } from "../../runtime/format.js";
import { ok } from "../../runtime/result.js";
import type { PageManifest } from "../../runtime/web/page-manifest.js";
import { invalid } from "./parse-lines.js";
import type { TrainingSetResult } from "./training-set.js";

/** Minimum number of windows: short texts get a smaller stride than in training. */
const minWindows = 32;
/** Maximum number of unknown tokens in a message. */
const maxListed = 12;

export function textTrainingSet(
  text: string,
  metadata: TextMetadata,
  { training, manifest }: PageManifest,
): TrainingSetResult {
  const { unit, vocabulary, unknown } = metadata;
  const name = unitNames[unit];
  const unitIds = new Map(vocabulary.map((entry, id) => [entry, id]));
  const units = tokenize(text, metadata);
  const unknownUnits = unknown === undefined ? [...new Set(units.filter((entry) => !unitIds.has(entry)))] : [];
  if (unknownUnits.length > 0) {
    const list = unknownUnits.slice(0, maxListed).map((entry) => JSON.stringify(entry));
    const more = unknownUnits.length > maxListed ? `, and ${unknownUnits.length - maxListed} more` : "";
    return invalid(`Not in the vocabulary of the model: ${list.join(", ")}${more}.`, "Remove them from the text.");
  }
  const data = Int32Array.from(units, (entry) => unitIds.get(entry) ?? unknown ?? 0);
  const requestedWindow = training.window ?? 1;
  const { inputs } = manifest.train;
  // An unrolled graph has a fixed number of time steps.
  const isFixed = inputs.some(({ name: port, shape }) => port === "inputs" && typeof shape[2] === "number");
  // Stateful training needs at least two consecutive windows.
  const isStateful = inputs.some(({ role }) => role === "state");
  const maxWindow = Math.floor((data.length - 1) / (isStateful ? 2 : 1));
  const window = isFixed ? requestedWindow : Math.min(requestedWindow, maxWindow);
  if (window < 1 || maxWindow < window) {
    const minLength = (isFixed ? requestedWindow : 1) * (isStateful ? 2 : 1) + 1;
    return invalid(`Too short: ${formatCount(data.length, name)}.`, `Training needs at least ${minLength}.`);
  }
  const windowStarts = data.length - window;
  const stride = isStateful ? window : Math.min(training.stride, Math.max(1, Math.floor(windowStarts / minWindows)));
  const examples = Math.floor((data.length - window - 1) / stride) + 1;
  const series = { dtype: "int32", width: 1, data } as const;
  return ok({
    examples,
    summary: `${formatCount(data.length, name)}, ${formatCount(examples, "window")} of ${window}`,
    batch(indices) {
      const shape = [indices.length, window];
      return new Map([
        ["inputs", gatherWindows(series, { stride, shift: 0, length: window }, indices, shape)],
        ["targets", gatherWindows(series, { stride, shift: 1, length: window }, indices, shape)],
      ]);
    },
  });
}
