/** Text as a lesson: windows over it, each to be continued by its next unit. */
import type { TextMetadata } from "../../runtime/data/metadata.js";
import { gatherWindows } from "../../runtime/data/windows.js";
import { unitsOf } from "../../runtime/prompt.js";
import type { Page } from "../../runtime/web/page.js";
import type { ReadLesson } from "./lesson.js";
import { counted, refused } from "./problem.js";

/** Windows over a text that is short: they lie closer there than in training. */
const leastWindows = 32;
/** Strangers that a message names at most. */
const named = 12;

export function textLesson(text: string, metadata: TextMetadata, { training, manifest }: Page): ReadLesson {
  const { unit, vocabulary, unknown } = metadata;
  const name = { char: "character", word: "word", byte: "byte" }[unit];
  const numbers = new Map(vocabulary.map((entry, id) => [entry, id]));
  const units = unitsOf(text, unit);
  const strangers = unknown === undefined ? [...new Set(units.filter((entry) => !numbers.has(entry)))] : [];
  if (strangers.length > 0) {
    const list = strangers.slice(0, named).map((entry) => JSON.stringify(entry));
    const more = strangers.length > named ? `, and ${strangers.length - named} more` : "";
    return refused(
      `The model has no ${name} ${list.join(", ")}${more}.`,
      "It can only learn to use those that it has.",
    );
  }
  const data = Int32Array.from(units, (entry) => numbers.get(entry) ?? unknown ?? 0);
  const asked = training.window ?? 1;
  const { inputs } = manifest.train;
  // Where the loop is laid out, its number of steps is a part of the graph.
  const fixed = inputs.some(({ name: port, shape }) => port === "inputs" && typeof shape[2] === "number");
  // States go on from window to window: there are at least two, one behind the other.
  const carried = inputs.some(({ role }) => role === "state");
  const most = Math.floor((data.length - 1) / (carried ? 2 : 1));
  const window = fixed ? asked : Math.min(asked, most);
  if (window < 1 || most < window) {
    const least = (fixed ? asked : 1) * (carried ? 2 : 1) + 1;
    return refused(`Too few: ${counted(data.length, name)}.`, `Write at least ${least}.`);
  }
  const places = data.length - window;
  const stride = carried ? window : Math.min(training.stride, Math.max(1, Math.floor(places / leastWindows)));
  const examples = Math.floor((data.length - window - 1) / stride) + 1;
  const series = { dtype: "int32", width: 1, data } as const;
  return {
    ok: true,
    lesson: {
      examples,
      about: `${counted(data.length, name)}, ${counted(examples, "window")} of ${window}`,
      batch(indices) {
        const shape = [indices.length, window];
        return new Map([
          ["inputs", gatherWindows(series, { stride, shift: 0, length: window }, indices, shape)],
          ["targets", gatherWindows(series, { stride, shift: 1, length: window }, indices, shape)],
        ]);
      },
    },
  };
}
