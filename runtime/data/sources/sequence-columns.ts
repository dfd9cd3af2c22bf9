/** The columns of a file of sequences, or the keys of its lines, that hold steps and targets. */
import { child } from "../../../schema/json-pointer.js";
import type { Column, NormalSequencesData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn, makeUnique } from "../formats/columns.js";
import { withoutGz } from "../formats/file-chunks.js";
import { isTyped } from "../formats/table-file.js";

const inputRoles = ["text", "tokens", "inputs"] as const;
const targetRoles = ["label", "tags"] as const;
export type InputRole = (typeof inputRoles)[number];
export type TargetRole = (typeof targetRoles)[number];

/** A part of an example, and its key in a line. */
export interface Field<R extends InputRole | TargetRole> {
  readonly role: R;
  readonly key: string;
}

/** The keys that may hold the steps and the targets, the first ones first. A key of `data.columns` is the only one. */
export interface Fields {
  readonly inputs: readonly Field<InputRole>[];
  readonly targets: readonly Field<TargetRole>[];
  /** The fields of targets with names; null for one target, which has none. */
  readonly named: ReadonlyMap<string, Field<TargetRole>> | null;
}

/** The role of each target with a name: tags where its output has an entry for each step. */
export type TargetRoles = ReadonlyMap<string, TargetRole>;

type SequenceColumns = Pick<NormalSequencesData, "columns" | "targets" | "header" | "file">;
type SequenceFormat = SequenceColumns & Pick<NormalSequencesData, "delimiter">;

const path = "/data/columns";

/** The format of a file by its extension, a table with types as one in text; undefined for other files. */
export function formatOf(file: string): "csv" | "tsv" | "ts" | "txt" | "json" | undefined {
  if (isTyped(file)) return "csv";
  const [, extension] = /\.(jsonl|ndjson|csv|tsv|ts|txt)$/i.exec(withoutGz(file)) ?? [];
  switch (extension?.toLowerCase()) {
    case undefined:
      return undefined;
    case "csv":
      return "csv";
    case "tsv":
      return "tsv";
    case "ts":
      return "ts";
    case "txt":
      return "txt";
    default:
      return "json";
  }
}

/** The problems of `data.columns` and the file's format that the spec shows without the file. */
export function checkSequenceColumns({
  columns,
  targets,
  header,
  delimiter,
  file,
}: SequenceFormat): readonly RunProblem[] {
  const problems: RunProblem[] = [];
  const report = (pointer: string, message: string, hint: string) =>
    problems.push({ code: "sequence-columns", path: pointer, message, hint });
  const ofRoles = ([...inputRoles, ...targetRoles] as const).flatMap((role) => {
    const column = columns[role];
    return column === null ? [] : [{ role, column, pointer: child(path, role) }];
  });
  const ofTargets = Object.entries(targets ?? {}).map(([name, column]) => {
    return { role: null, column, pointer: child("/data/targets", name) };
  });
  const named = [...ofRoles, ...ofTargets];
  const unnamed = ofRoles.find(({ role }) => role === "label" || role === "tags");
  if (targets !== null && unnamed !== undefined)
    report(unnamed.pointer, `data.targets names the targets, and data.columns has ${unnamed.role}.`, "Keep one.");
  for (const roles of [inputRoles, targetRoles]) {
    const both = ofRoles.filter(({ role }) => roles.some((other) => other === role)).map(({ role }) => role);
    const what = roles === inputRoles ? "one kind of steps" : "one kind of targets";
    if (both.length > 1) report(path, `data.columns has ${both.join(" and ")}, but a file has ${what}.`, "Keep one.");
  }
  const repeated = named.find(({ column }, index) => named.findIndex((other) => other.column === column) < index);
  if (repeated !== undefined) {
    const message =
      repeated.role === null
        ? `The column ${JSON.stringify(repeated.column)} of a target is named twice.`
        : `data.columns has the column ${JSON.stringify(repeated.column)} twice.`;
    report(repeated.pointer, message, "Name another column.");
  }
  const format = formatOf(file);
  if (format === "ts" && named.length > 0)
    report(
      ofRoles.length > 0 ? path : "/data/targets",
      "A .ts file has no columns: its values are inputs, its labels label.",
      ofRoles.length > 0 ? "Remove data.columns." : "Remove data.targets.",
    );
  const numbered = named.find(({ column }) => typeof column === "number");
  if (format === "json" && numbered !== undefined) {
    const message = `Column ${numbered.column} has no meaning in lines of JSON, whose keys have names.`;
    report(numbered.pointer, message, "Write the key.");
  }
  if ((format === "csv" || format === "tsv") && columns.inputs !== null)
    report(child(path, "inputs"), "Vectors cannot be in a CSV file.", "Write them as lists in a .jsonl file.");
  if ((format === "json" || format === "ts") && delimiter !== null)
    report("/data/delimiter", "Only .csv and .tsv files have a delimiter.", "Remove data.delimiter.");
  if (header) return problems;
  const unnumbered = named.find(({ column }) => typeof column === "string");
  if (format === "json" || format === "ts")
    report("/data/header", "Only .csv and .tsv files have a header.", "Remove data.header.");
  else if (unnumbered !== undefined)
    report(unnumbered.pointer, "A file without a header has no names of columns.", "Write the column's number.");
  return problems;
}

/** Fields by the names of `data.columns`, and by the names of the roles where it has none. */
function fieldsOf(nameOf: (role: InputRole | TargetRole) => string | null, named: Fields["named"] = null): Fields {
  const namedRoles = <R extends InputRole | TargetRole>(roles: readonly R[]) =>
    roles.flatMap((role): readonly Field<R>[] => {
      const key = nameOf(role);
      return key === null ? [] : [{ role, key }];
    });
  const [inputs, targets] = [namedRoles(inputRoles), namedRoles(targetRoles)];
  const taken = new Set([...inputs, ...targets, ...(named?.values() ?? [])].map(({ key }) => key));
  const own = <R extends InputRole | TargetRole>(roles: readonly R[]) =>
    roles.filter((role) => !taken.has(role)).map((role): Field<R> => ({ role, key: role }));
  return {
    inputs: inputs.length > 0 ? inputs : own(inputRoles),
    targets: named !== null ? [...named.values()] : targets.length > 0 ? targets : own(targetRoles),
    named,
  };
}

/** The fields of lines of JSON. A column that only has a number has its role's name there. */
export function jsonFields({ columns, targets }: SequenceColumns, roles: TargetRoles): Fields {
  const entries = Object.entries(targets ?? {}).map(
    ([name, column]) => [name, { role: roleOf(roles, name), key: `${column}` }] as const,
  );
  return fieldsOf(
    (role) => {
      const column = columns[role];
      return typeof column === "number" ? role : column;
    },
    targets === null ? null : new Map(entries),
  );
}

function roleOf(roles: TargetRoles, name: string): TargetRole {
  return roles.get(name) ?? "label";
}

export const timeSeriesFields: Fields = fieldsOf(() => null);

/** The field of a file with one text per line, for predictions. */
export function lineFields({ columns }: SequenceColumns): Fields {
  return { inputs: [{ role: columns.tokens === null ? "text" : "tokens", key: "text" }], targets: [], named: null };
}

/**
 * The fields of a CSV file with columns of these names, and the unique names of its columns.
 *
 * @param withTargets false for a prediction, whose file needs no targets.
 */
export function csvFields(
  { columns, targets: targetColumns, header, file }: SequenceColumns,
  columnNames: readonly string[],
  roles: TargetRoles,
  withTargets: boolean,
): Result<{ readonly fields: Fields; readonly names: readonly string[] }> {
  const names = makeUnique(columnNames).map((name) => (header ? name : `column ${name}`));
  const problems: RunProblem[] = [];
  const location = { file, line: 1 };
  const places = new Map<InputRole | TargetRole, number>();
  const placeOf = (column: Column, pointer: string): number | undefined => {
    const found = findColumn(column, columnNames);
    if (found.ok) return found.value;
    const { fault, hint, code } = found.error;
    problems.push({ code, path: pointer, ...location, message: `"${file}" ${fault}.`, hint });
    return undefined;
  };
  for (const role of withTargets ? [...inputRoles, ...targetRoles] : inputRoles) {
    const column: Column | null = columns[role];
    const place = column === null ? undefined : placeOf(column, child(path, role));
    if (place !== undefined) places.set(role, place);
  }
  const named = new Map<string, Field<TargetRole>>();
  for (const [name, column] of withTargets ? Object.entries(targetColumns ?? {}) : []) {
    const place = placeOf(column, child("/data/targets", name));
    if (place !== undefined) named.set(name, { role: roleOf(roles, name), key: names[place] ?? "" });
  }
  const [steps] = inputRoles.flatMap((role) => places.get(role) ?? []);
  const [targets] = targetRoles.flatMap((role) => places.get(role) ?? []);
  if (steps !== undefined && steps === targets) {
    const message = `The column "${names[steps]}" of "${file}" is both the steps and the targets.`;
    problems.push({ code: "sequence-columns", path, ...location, message, hint: "Name another column." });
  }
  if (problems.length > 0) return fail(problems);
  const fields = fieldsOf((role) => names[places.get(role) ?? -1] ?? null, named.size === 0 ? null : named);
  const own = [...fields.inputs, ...(withTargets ? fields.targets : [])]
    .map(({ key }) => key)
    .filter((key) => columnNames.includes(key));
  const twice = own.find((name) => columnNames.indexOf(name) !== columnNames.lastIndexOf(name));
  if (twice !== undefined) {
    const message = `"${file}" has more than one column "${twice}".`;
    const hint = "Rename or remove all of them but one, or name one by its number in data.columns.";
    return fail([{ code: "sequence-columns", path: "/data/file", ...location, message, hint }]);
  }
  if (own.length > 0 || places.size > 0) return ok({ fields, names });
  const example = header ? `"text": ${JSON.stringify(columnNames[0])}, "label": …` : '"text": 1, "label": 2';
  return fail([
    {
      code: "sequence-columns",
      path: "/data/file",
      ...location,
      message: `"${file}" has no column named text, tokens, label or tags.`,
      hint: `Its columns are ${columnNames.join(", ")}. Name them in data.columns: {${example}}.`,
    },
  ]);
}
