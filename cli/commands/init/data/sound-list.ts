/** `rnnx init --data FILE` of a list of sound files: a classifier of the sounds by a column of labels. */
import { relative, resolve } from "node:path";
import { listedPaths } from "../../../../runtime/data/sources/audio-files.js";
import { formatInteger, listFirst } from "../../../../runtime/format.js";
import { ok, type Result } from "../../../../runtime/result.js";
import { joinWithAnd, quote } from "../../../../schema/diagnostics/suggest.js";
import type { ColumnFacts, FileFacts } from "./file-facts.js";
import { measureSounds, measuresText } from "./sound-facts.js";
import { composeSoundsSpec, refuse, type SoundsProposal, steadySounds } from "./sounds.js";

/** Different labels of a classification. */
const MAX_CLASSES = 100;

/** The column of the paths of a list of sound files; undefined for another file. */
export function pathColumn({ columns, format, hasHeader }: FileFacts): ColumnFacts | undefined {
  return hasHeader || format === "json" ? columns.find(({ areSounds }) => areSounds) : undefined;
}

/**
 * @param list that the command names.
 * @param file the same, relative to the spec.
 * @param target the column of the labels; null where none is named.
 */
export async function proposeSoundList(
  list: string,
  file: string,
  { columns, rows }: FileFacts,
  path: ColumnFacts,
  target: string | null,
): Promise<Result<SoundsProposal>> {
  const others = columns.filter((column) => column !== path).map(({ name }) => quote(name));
  const label = columns.find(({ name }) => name === target);
  if (label === undefined || label === path) {
    const message =
      target === null ? `"${list}" is a list of sounds` : `${quote(target)} is no column of labels of "${list}"`;
    const hint =
      others.length === 0
        ? "Add a column with a label for each sound."
        : `Name one with --target: ${joinWithAnd(others)}.`;
    return refuse("init-target", message, hint);
  }
  const { values, missing } = label;
  if (values === null || values.size < 2 || values.size > MAX_CLASSES || missing > 0) {
    const what = missing > 0 ? "has lines without a label" : "has no labels of a few classes";
    return refuse("init-target", `The column ${quote(label.name)} ${what}.`, "Give each sound the label of a class.");
  }
  const paths = await listedPaths({ columns: { path: path.name, label: null } }, list, process.cwd(), () => undefined);
  if (!paths.ok) return paths;
  const measures = measureSounds(paths.value.map((sound) => relative(process.cwd(), resolve(sound))));
  if (!measures.ok) return measures;
  const source = { file, columns: { path: path.name, label: label.name } };
  const classes = [...values].map(([name, count]) => `${name} (${formatInteger(count)})`);
  return ok({
    composed: composeSoundsSpec({ source, rates: measures.value.rates, sounds: rows }),
    record: { sounds: rows, labels: Object.fromEntries(values) },
    text: `${measuresText(rows, measures.value)}\n\nA classifier: reads the sounds of ${path.name}, predicts ${label.name}.\nClasses: ${listFirst(classes, 12)}. ${steadySounds}`,
  });
}
