/** `rnnx inspect --data`: the columns of a data file, and the data of a spec as the model reads it. */
import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import type { NumberStatistics } from "../../../runtime/data/number-statistics.js";
import type { SourceStatistics } from "../../../runtime/data/source-statistics.js";
import { formatCount, formatInteger } from "../../../runtime/format.js";
import type { Override } from "../../../schema/parse/overrides.js";
import { reportInvalidInput } from "../../errors.js";
import { escapeLine } from "../../escape-controls.js";
import { exitCodes } from "../../exit-codes.js";
import { histogramText } from "../../histogram-text.js";
import { isFolder } from "../../is-folder.js";
import { reportProblems } from "../../open-run.js";
import { openSpec, reportSpecErrors } from "../../open-spec.js";
import type { Output } from "../../output.js";
import { type Column, tableText } from "../../table.js";
import type { ColumnFacts, FileFacts } from "../init/data/file-facts.js";

const width = 80;

/** The data of a spec, or the columns of a file. */
export async function inspectData(output: Output, subject: string, overrides: readonly Override[]): Promise<number> {
  if (extname(subject) === ".json") return inspectSpecData(output, subject, overrides);
  if (overrides[0] !== undefined) {
    reportInvalidInput(output, "usage", "--set changes a spec, not a data file", "Remove --set, or name the spec.");
    return exitCodes.invalidInput;
  }
  if (!existsSync(subject) && !/[*?{]/.test(subject)) {
    reportInvalidInput(output, "file-missing", `"${subject}" does not exist`, "Name a data file or a spec (.json).");
    return exitCodes.invalidInput;
  }
  if (isFolder(subject)) return inspectSounds(output, subject);
  const { readFileFacts } = await import("../init/data/file-facts.js");
  const source = { file: subject, folder: process.cwd() };
  const asRows = await readFileFacts(source);
  // Comments may have other fields than rows.
  const asComments = asRows.ok ? asRows : await readFileFacts(source, "#");
  const facts = asComments.ok ? asComments : asRows;
  if (!facts.ok) {
    reportProblems(output, facts.error);
    return exitCodes.invalidInput;
  }
  if (facts.value === null) {
    const hint = "Name a .csv, .tsv, .jsonl, .parquet or .arrow file, or a spec (.json) whose data has another format.";
    reportInvalidInput(output, "file-kind", `the columns of "${subject}" are not known`, hint);
    return exitCodes.invalidInput;
  }
  output.record({ event: "result", file: subject, ...factsRecord(facts.value) });
  output.print(factsText(output, facts.value));
  const { commentRows } = facts.value;
  if (commentRows > 0)
    output.note(
      `${formatCount(commentRows, "row")} with "#" at the start: a table skips them as comments. To read them as rows, ` +
        'set data.comment to "".',
    );
  return exitCodes.success;
}

/** The sound files of a folder. */
async function inspectSounds(output: Output, folder: string): Promise<number> {
  const { readSoundFacts, soundFactsRecord, soundFactsText } = await import("../init/data/sound-facts.js");
  const sounds = readSoundFacts(folder);
  if (sounds.ok && sounds.value !== null) {
    output.record({ event: "result", file: folder, ...soundFactsRecord(sounds.value) });
    output.print(soundFactsText(sounds.value));
    return exitCodes.success;
  }
  if (sounds.ok)
    reportInvalidInput(
      output,
      "sounds-empty",
      `the folder "${folder}" has no .wav files`,
      "Name a data file or a spec (.json).",
    );
  else reportProblems(output, sounds.error);
  return exitCodes.invalidInput;
}

async function inspectSpecData(output: Output, file: string, overrides: readonly Override[]): Promise<number> {
  const opened = await openSpec(output, file, overrides);
  if (opened === undefined) return exitCodes.invalidInput;
  const { spec, folder } = opened;
  const [{ openData }, { statisticsOf }, { readFileFacts }] = await Promise.all([
    import("../../../runtime/data/index.js"),
    import("../../../runtime/data/source-statistics.js"),
    import("../init/data/file-facts.js"),
  ]);
  const { data } = spec;
  // The columns are those of the file, whether the spec reads them or not.
  const table = data.type === "table" || data.type === "sequences" || data.type === "pairs" ? data.file : null;
  const comment = data.type === "table" ? data.comment : "";
  const facts = table === null ? null : await readFileFacts({ file: table, folder: resolve(folder) }, comment);
  const columns = facts?.ok === true ? facts.value : null;
  if (columns !== null) output.print(`${factsText(output, columns)}\n`);
  const source = await openData(spec, folder);
  if (!source.ok) {
    await reportSpecErrors(output, opened.locate(source.error), opened.source);
    return exitCodes.invalidInput;
  }
  for (const notice of source.value.notices ?? []) output.note(notice);
  const statistics = statisticsOf(source.value);
  output.record({
    event: "result",
    name: spec.name,
    ...(columns !== null && { file: table, ...factsRecord(columns) }),
    ...statistics,
  });
  output.print(statisticsText(output, statistics));
  return exitCodes.success;
}

const MAX_COUNTED = 12;

function factsRecord({ rows, duplicates, columns }: FileFacts): object {
  return {
    rows,
    duplicates,
    columns: columns.map((column) => ({
      name: column.name,
      kind: kindOf(column),
      missing: column.missing,
      values: column.values?.size ?? null,
      numbers: column.kind === "numbers" ? column.numbers : null,
      ...(hasLengths(column) && { lengths: rangeOf(column.lengths.filter((length) => length > 0)) }),
      ...(kindOf(column) === "dates" && column.ends !== null && { ends: column.ends }),
      ...(isCounted(column) && { counts: Object.fromEntries(countsOf(column)) }),
    })),
  };
}

const kindOf = ({ kind, isDate }: ColumnFacts) => (isDate && kind !== "empty" ? "dates" : kind);
const hasLengths = ({ kind, isDate }: ColumnFacts) => !isDate && ["text", "list", "vectors"].includes(kind);
/** True for a column of few texts, each of which several rows have. */
const isCounted = ({ kind, isDate, values, lengths }: ColumnFacts) =>
  kind === "text" && !isDate && values !== null && values.size <= Math.min(MAX_COUNTED, lengths.length / 2);

/** Values from the most frequent to the rarest. */
function countsOf({ values }: ColumnFacts): readonly (readonly [string, number])[] {
  return [...(values ?? [])].sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1));
}

function rangeOf(numbers: readonly number[]): { readonly min: number; readonly mean: number; readonly max: number } {
  let [min, max, sum] = [Number.POSITIVE_INFINITY, 0, 0];
  for (const number of numbers) {
    min = Math.min(min, number);
    max = Math.max(max, number);
    sum += number;
  }
  return numbers.length === 0 ? { min: 0, mean: 0, max: 0 } : { min, mean: sum / numbers.length, max };
}

const right = (title: string): Column => ({ title, align: "right" });

function factsText(output: Output, { rows, duplicates, columns }: FileFacts): string {
  const heads = [
    { title: "column" },
    { title: "kind" },
    right("missing"),
    right("values"),
    { title: "range" },
    { title: "" },
  ];
  const cells = columns.map((column) => [
    escapeLine(clip(column.name, 20)),
    kindOf(column),
    formatInteger(column.missing),
    column.values === null ? "many" : column.values.size === 0 ? "" : formatInteger(column.values.size),
    describeRange(column),
    column.kind === "numbers" && column.numbers !== null ? histogramText(column.numbers.histogram) : "",
  ]);
  const repeated =
    duplicates === null || duplicates === 0 ? "" : `, ${formatInteger(duplicates)} equal to an earlier one`;
  const counted = columns.filter(isCounted).map((column) => countsText(output, column, rows));
  const head = `${formatCount(rows, "row")}${repeated}`;
  return [head, tableText(output.colors.print, heads, cells, width), ...counted].join("\n\n");
}

function describeRange(column: ColumnFacts): string {
  if (column.kind === "numbers" && column.numbers !== null) return rangeText(column.numbers);
  if (kindOf(column) === "dates") return column.ends?.join(" to ") ?? "";
  if (!hasLengths(column)) return "";
  const { min, max } = rangeOf(column.lengths.filter((length) => length > 0));
  return `${min === max ? "" : `${formatInteger(min)} to `}${formatCount(max, column.kind === "text" ? "word" : "step")}`;
}

function rangeText({ min, max }: NumberStatistics): string {
  return min === max ? short(min) : `${short(min)} to ${short(max)}`;
}

const short = (value: number) => `${Number(value.toPrecision(4))}`;

/** The values of a column with their counts and bars. */
function countsText(output: Output, column: ColumnFacts, rows: number): string {
  const counts = countsOf(column);
  return `${output.colors.print.bold(escapeLine(clip(column.name, 40)))}\n${barsText(
    counts.map(([value, count]) => [value, [count]]),
    rows,
  )}`;
}

/** Names with their counts, and a bar of the share of the first count. */
function barsText(entries: readonly (readonly [string, readonly number[]])[], total: number): string {
  const nameWidth = Math.max(...entries.map(([name]) => clip(name, 24).length));
  const texts = entries.map(([, counts]) => counts.map((count) => formatInteger(count)));
  const widths = (texts[0] ?? []).map((_, index) => Math.max(...texts.map((row) => row[index]?.length ?? 0)));
  const barWidth = width - nameWidth - widths.reduce((sum, each) => sum + each + 2, 0) - 4;
  return entries
    .map(([name, counts], row) => {
      const cells = widths.map((each, index) => (texts[row]?.[index] ?? "").padStart(each)).join("  ");
      const bar = "█".repeat(Math.round(((counts[0] ?? 0) / Math.max(total, 1)) * barWidth));
      return `  ${escapeLine(clip(name, 24)).padEnd(nameWidth)}  ${cells}  ${bar}`.trimEnd();
    })
    .join("\n");
}

const MAX_CLASSES = 20;

function statisticsText(output: Output, { examples, sampled, arrays, classes }: SourceStatistics): string {
  const { bold, dim } = output.colors.print;
  const splits = Object.entries(examples).filter(([, count]) => count > 0);
  const total = splits.reduce((sum, [, count]) => sum + count, 0);
  const heads = [
    { title: "array" },
    { title: "one example" },
    { title: "mean ± deviation" },
    { title: "range" },
    { title: "" },
  ];
  const rows = arrays.map(({ name, dtype, shape, numbers }) => [
    escapeLine(clip(name, 20)),
    `${dtype} [${shape.join(", ")}]`,
    numbers === null ? "" : `${short(numbers.mean)} ± ${short(numbers.deviation)}`,
    numbers === null ? "" : rangeText(numbers),
    numbers === null ? "" : histogramText(numbers.histogram),
  ]);
  const targets = [...new Set(classes.map(({ target }) => target))];
  const sections = [
    `${bold("examples")}  ${splits.map(([split, count]) => `${formatInteger(count)} ${split}`).join(", ")}`,
    tableText(output.colors.print, heads, rows, width),
    ...targets.map((target) =>
      classesText(
        output,
        classes.filter((each) => each.target === target),
        target,
        splits,
      ),
    ),
    ...(sampled < total
      ? [dim(`Statistics of ${formatInteger(sampled)} of the ${formatInteger(total)} examples, evenly spaced.`)]
      : []),
  ];
  return sections.join("\n\n");
}

function classesText(
  output: Output,
  classes: SourceStatistics["classes"],
  target: string,
  splits: readonly (readonly [string, number])[],
): string {
  const names = splits.map(([split]) => split as "train" | "validation" | "test");
  const total = classes.reduce((sum, { counts }) => sum + counts.train, 0);
  const shown = classes.slice(0, MAX_CLASSES);
  const more = classes.length > shown.length ? `\n  … ${formatInteger(classes.length - shown.length)} more` : "";
  const title = `${target === "" ? "classes" : `classes of ${escapeLine(target)}`} (${names.join(", ")})`;
  const entries = shown.map(
    ({ name, counts }) => [JSON.stringify(name).slice(1, -1), names.map((split) => counts[split])] as const,
  );
  return `${output.colors.print.bold(title)}\n${barsText(entries, total)}${more}`;
}

function clip(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
