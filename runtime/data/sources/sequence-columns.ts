/** The columns of a file of sequences, or the keys of its lines, that hold steps and targets. */
import { child } from "../../../schema/json-pointer.js";
import type { Column, NormalSequencesData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn, makeUnique } from "../formats/columns.js";
import { withoutGz } from "../formats/file-chunks.js";

export const inputRoles = ["text", "tokens", "inputs"] as const;
export const targetRoles = ["label", "tags"] as const;
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
}

type SequenceColumns = Pick<NormalSequencesData, "columns" | "header" | "file">;

const path = "/data/columns";

/** The format of a file by its extension; undefined for other files. */
export function formatOf(file: string): "csv" | "tsv" | "ts" | "txt" | "json" | undefined {
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

/** The problems of `data.columns` that the spec shows without the file. */
export function checkSequenceColumns({ columns, header, file }: SequenceColumns): readonly RunProblem[] {
  const problems: RunProblem[] = [];
  const report = (pointer: string, message: string, hint: string) =>
    problems.push({ code: "sequence-columns", path: pointer, message, hint });
  const named = ([...inputRoles, ...targetRoles] as const).flatMap((role) => {
    const column = columns[role];
    return column === null ? [] : [{ role, column }];
  });
  for (const roles of [inputRoles, targetRoles]) {
    const both = named.filter(({ role }) => roles.some((other) => other === role)).map(({ role }) => role);
    const what = roles === inputRoles ? "one kind of steps" : "one kind of targets";
    if (both.length > 1) report(path, `data.columns has ${both.join(" and ")}, but a file has ${what}.`, "Keep one.");
  }
  const repeated = named.find(({ column }, index) => named.findIndex((other) => other.column === column) < index);
  if (repeated !== undefined) {
    const message = `data.columns has the column ${JSON.stringify(repeated.column)} twice.`;
    report(child(path, repeated.role), message, "Name another column.");
  }
  const format = formatOf(file);
  if (format === "ts" && named.length > 0)
    report(path, "A .ts file has no columns: its values are inputs, its labels label.", "Remove data.columns.");
  const numbered = named.find(({ column }) => typeof column === "number");
  if (format === "json" && numbered !== undefined) {
    const message = `Column ${numbered.column} has no meaning in lines of JSON, whose keys have names.`;
    report(child(path, numbered.role), message, "Write the key.");
  }
  if ((format === "csv" || format === "tsv") && columns.inputs !== null)
    report(child(path, "inputs"), "Vectors cannot be in a CSV file.", "Write them as lists in a .jsonl file.");
  if (header) return problems;
  const unnumbered = named.find(({ column }) => typeof column === "string");
  if (format === "json" || format === "ts")
    report("/data/header", "Only .csv and .tsv files have a header.", "Remove data.header.");
  else if (unnumbered !== undefined)
    report(
      child(path, unnumbered.role),
      "A file without a header has no names of columns.",
      "Write the column's number.",
    );
  return problems;
}

/** Fields by the names of `data.columns`, and by the names of the roles where it has none. */
function fieldsOf(nameOf: (role: InputRole | TargetRole) => string | null): Fields {
  const named = <R extends InputRole | TargetRole>(roles: readonly R[]) =>
    roles.flatMap((role): readonly Field<R>[] => {
      const key = nameOf(role);
      return key === null ? [] : [{ role, key }];
    });
  const [inputs, targets] = [named(inputRoles), named(targetRoles)];
  const taken = new Set([...inputs, ...targets].map(({ key }) => key));
  const own = <R extends InputRole | TargetRole>(roles: readonly R[]) =>
    roles.filter((role) => !taken.has(role)).map((role): Field<R> => ({ role, key: role }));
  return {
    inputs: inputs.length > 0 ? inputs : own(inputRoles),
    targets: targets.length > 0 ? targets : own(targetRoles),
  };
}

/** The fields of lines of JSON. A column that only has a number has its role's name there. */
export function jsonFields({ columns }: SequenceColumns): Fields {
  return fieldsOf((role) => {
    const column = columns[role];
    return typeof column === "number" ? role : column;
  });
}

export const timeSeriesFields: Fields = fieldsOf(() => null);

/** The field of a file with one text per line, for predictions. */
export function lineFields({ columns }: SequenceColumns): Fields {
  return { inputs: [{ role: columns.tokens === null ? "text" : "tokens", key: "text" }], targets: [] };
}

/**
 * The fields of a CSV file with columns of these names, and the unique names of its columns.
 *
 * @param withTargets false for a prediction, whose file needs no targets.
 */
export function csvFields(
  { columns, header, file }: SequenceColumns,
  columnNames: readonly string[],
  withTargets: boolean,
): Result<{ readonly fields: Fields; readonly names: readonly string[] }> {
  const names = makeUnique(columnNames).map((name) => (header ? name : `column ${name}`));
  const problems: RunProblem[] = [];
  const location = { file, line: 1 };
  const places = new Map<InputRole | TargetRole, number>();
  for (const role of withTargets ? [...inputRoles, ...targetRoles] : inputRoles) {
    const column: Column | null = columns[role];
    if (column === null) continue;
    const found = findColumn(column, columnNames);
    if (found.ok) places.set(role, found.value);
    else {
      const { fault, hint, code } = found.error;
      problems.push({ code, path: child(path, role), ...location, message: `"${file}" ${fault}.`, hint });
    }
  }
  const [steps] = inputRoles.flatMap((role) => places.get(role) ?? []);
  const [targets] = targetRoles.flatMap((role) => places.get(role) ?? []);
  if (steps !== undefined && steps === targets) {
    const message = `The column "${names[steps]}" of "${file}" is both the steps and the targets.`;
    problems.push({ code: "sequence-columns", path, ...location, message, hint: "Name another column." });
  }
  if (problems.length > 0) return fail(problems);
  const fields = fieldsOf((role) => names[places.get(role) ?? -1] ?? null);
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
