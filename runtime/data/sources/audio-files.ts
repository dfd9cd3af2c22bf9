/** The sound files of audio data with their labels, splits and groups: by their names, or from a list. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { folderNames, isSounds, readName } from "../../../schema/kinds/sound-names.js";
import type { Column, NormalAudioData } from "../../../schema/normal/index.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { findColumn, makeUnique } from "../formats/columns.js";
import { withoutGz } from "../formats/file-chunks.js";
import { expandPattern, isPattern } from "../formats/file-list.js";
import { createProblemList } from "../formats/problem-list.js";
import { readTextTable } from "../formats/text-table.js";
import { filesOf, type LinePlace, readPlace, type SplitFile } from "./line-splits.js";

/** A sound file of the data. */
export interface SoundFile extends LinePlace {
  /** Relative to the spec. */
  readonly file: string;
  /** The JSON pointer of the key that names it, or its list. */
  readonly path: string;
  /** The list's name and line; null for a file of a pattern. */
  readonly line: { readonly file: string; readonly line: number } | null;
  readonly label: string;
}

type AudioFiles = Pick<NormalAudioData, "file" | "names" | "columns" | "split">;

/**
 * The files in order: those of a pattern by name.
 *
 * @param note receives notices.
 */
export async function listSounds(
  data: AudioFiles,
  folder: string,
  note: (notice: string) => void,
): Promise<Result<readonly SoundFile[]>> {
  const problems = createProblemList();
  const sounds: SoundFile[] = [];
  for (const source of filesOf(data)) {
    const read = isSounds(source.file)
      ? namedSounds(data, source, folder)
      : await listedSounds(data, source, folder, note);
    if (read.ok) sounds.push(...read.value);
    else problems.add(read.error);
  }
  return problems.size > 0 ? fail(problems.list()) : ok(sounds);
}

/** The paths of a file, a folder with its folders, or a pattern; undefined where none is that of a sound file. */
export function soundPaths(name: string, folder: string): readonly string[] | undefined {
  const path = resolve(folder, name);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (!isFolder && (!isPattern(name) || existsSync(path))) return [name];
  const paths = isFolder ? filesUnder(path).map((file) => join(name, file)) : expandPattern(name, folder);
  const sounds = paths.filter(isSounds);
  return sounds.length === 0 ? undefined : sounds;
}

/** The files of a folder and of its folders, by name; none whose names begin with a dot. */
function filesUnder(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  return files
    .map((file) => relative(folder, file))
    .filter((file) => !/(?:^|[/\\])\./.test(file))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** The paths of the sound files of a list, which needs no labels. */
export async function listedPaths(
  { columns }: Pick<NormalAudioData, "columns">,
  file: string,
  folder: string,
  note: (notice: string) => void,
): Promise<Result<readonly string[]>> {
  const paths: string[] = [];
  const problems = await readList(columns, ["path"], { file, path: "" }, folder, note, ({ located }) => {
    paths.push(located);
    return [];
  });
  if (problems.length > 0) return fail(problems);
  return paths.length > 0 ? ok(paths) : fail([emptyList(file, "")]);
}

/** True for the name of a list of sound files. */
export function isSoundList(file: string): boolean {
  return /\.(?:csv|tsv|jsonl|ndjson|parquet|pq|arrows?|feather|ipc)$/i.test(withoutGz(file));
}

function namedSounds(data: AudioFiles, source: SplitFile, folder: string): Result<readonly SoundFile[]> {
  const { file, path, part } = source;
  const paths = soundPaths(file, folder);
  if (paths === undefined) {
    const message = `No sound file has a name like "${file}".`;
    return fail([{ code: "file-missing", path, file, message, hint: "Check the folder and the pattern." }]);
  }
  const pattern = data.names ?? folderNames;
  const problems = createProblemList();
  const sounds = paths.flatMap((name): readonly SoundFile[] => {
    // The folder of a name without one is that of the spec.
    const fields = readName(pattern, resolve(folder, name).replaceAll("\\", "/"));
    const place = fields === undefined ? undefined : readPlace(data, fields, part);
    if (fields === undefined) {
      const message = `The name "${name}" does not end in the form of "${pattern}".`;
      const hint = `Rename or remove the file, or change data.names.`;
      problems.add([{ code: "sound-name", path: "/data/names", file: name, message, hint }]);
    } else if (place?.ok === false) {
      const { fault, hint, path: pointer } = place.error;
      problems.add([{ code: "sound-name", path: pointer, file: name, message: `"${name}" ${fault}.`, hint }]);
    }
    if (fields === undefined || place?.ok !== true) return [];
    return [{ file: name, path, line: null, label: fields.label ?? "", ...place.value }];
  });
  return problems.size > 0 ? fail(problems.list()) : ok(sounds);
}

/** The files of a list, whose paths start from its folder. */
async function listedSounds(
  data: AudioFiles,
  { file, path, part }: SplitFile,
  folder: string,
  note: (notice: string) => void,
): Promise<Result<readonly SoundFile[]>> {
  if (!isSoundList(file)) {
    const message = `"${file}" is no pattern of .wav files, and no list of them.`;
    const hint = 'Write a pattern such as "recordings/*.wav", or the name of a .csv, .tsv or .jsonl file.';
    return fail([{ code: "file-kind", path, file, message, hint }]);
  }
  const sounds: SoundFile[] = [];
  const problems = await readList(data.columns, ["path", "label"], { file, path }, folder, note, (entry) => {
    const { located, label, own, line, fault } = entry;
    if (label === "") return fault("/data/columns/label", "has no label", "Fill it in, or remove the line.");
    const place = readPlace(data, own, part);
    if (!place.ok) return fault(place.error.path, place.error.fault, place.error.hint);
    sounds.push({ file: located, path, line: { file, line }, label, ...place.value });
    return [];
  });
  if (problems.length > 0) return fail(problems);
  return sounds.length > 0 ? ok(sounds) : fail([emptyList(file, path)]);
}

/** A line of a list. */
interface ListEntry {
  /** The path of the sound, from the folder of the spec. */
  readonly located: string;
  readonly label: string;
  /** All fields by the names of the columns. */
  readonly own: Readonly<Record<string, string | undefined>>;
  readonly line: number;
  /** The problem of the line. */
  fault(pointer: string, what: string, hint: string): readonly RunProblem[];
}

/** Reads the lines of a list, and returns its problems. @param roles of the columns that it must have. */
async function readList(
  columns: AudioFiles["columns"],
  roles: readonly (keyof AudioFiles["columns"])[],
  { file, path }: Pick<SplitFile, "file" | "path">,
  folder: string,
  note: (notice: string) => void,
  visit: (entry: ListEntry) => readonly RunProblem[],
): Promise<readonly RunProblem[]> {
  const problems = createProblemList();
  let names: readonly string[] = [];
  const places = new Map<string, number>();
  const usual = /\.tsv$/i.test(withoutGz(file)) ? "\t" : ",";
  const found = await readTextTable({ file, folder, path }, { usual, delimiter: null, header: true }, note, {
    columns(columnNames) {
      names = makeUnique(columnNames);
      return roles.flatMap((role): readonly RunProblem[] => {
        const column: Column = columns[role] ?? role;
        const index = findColumn(column, columnNames);
        if (index.ok) places.set(role, index.value);
        if (index.ok) return [];
        const { code, fault, hint } = index.error;
        const message = `"${file}" ${fault}.`;
        const way = columns[role] === null ? ` Name the column in data.columns.${role}.` : "";
        return [{ code, path: `/data/columns/${role}`, file, line: 1, message, hint: `${hint}${way}` }];
      });
    },
    row({ fields, line }) {
      const own = Object.fromEntries(names.map((name, index) => [name, fields[index]]));
      const [sound = "", label = ""] = ["path", "label"].map((role) => fields[places.get(role) ?? -1]);
      const fault = (pointer: string, what: string, hint: string): readonly RunProblem[] => {
        return [{ code: "sound-list", path: pointer, file, line, message: `${file}:${line}: The line ${what}.`, hint }];
      };
      if (sound === "") return fault("/data/columns/path", "has no path", "Fill it in, or remove the line.");
      return visit({ located: isAbsolute(sound) ? sound : join(dirname(file), sound), label, own, line, fault });
    },
  });
  problems.add(found);
  return problems.list();
}

function emptyList(file: string, path: string): RunProblem {
  const message = `"${file}" has no lines with sound files.`;
  return { code: "sounds-empty", path, file, message, hint: "Write a path and a label in each line." };
}

/** The place of a sound in a message: its line in a list, or its name. */
export function placeOfSound({ file, line }: SoundFile): string {
  return line === null ? file : `${line.file}:${line.line}`;
}
