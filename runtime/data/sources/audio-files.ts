/** The sound files of audio data with their labels, splits and groups: by their names, or from a list. */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
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

/** The paths of a file, a folder or a pattern; undefined for a folder or a pattern without sound files. */
export function soundPaths(name: string, folder: string): readonly string[] | undefined {
  const path = resolve(folder, name);
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  if (!isFolder && (!isPattern(name) || existsSync(path))) return [name];
  const paths = expandPattern(isFolder ? `${name.replace(/\/$/, "")}/*` : name, folder).filter(isSounds);
  return paths.length === 0 ? undefined : paths;
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
  if (!/\.(?:csv|tsv|jsonl|ndjson|parquet|pq|arrows?|feather|ipc)$/i.test(withoutGz(file))) {
    const message = `"${file}" is no pattern of .wav files, and no list of them.`;
    const hint = 'Write a pattern such as "recordings/*.wav", or the name of a .csv, .tsv or .jsonl file.';
    return fail([{ code: "file-kind", path, file, message, hint }]);
  }
  const problems = createProblemList();
  const sounds: SoundFile[] = [];
  let names: readonly string[] = [];
  let [pathIndex, labelIndex] = [0, 0];
  const usual = /\.tsv$/i.test(withoutGz(file)) ? "\t" : ",";
  const found = await readTextTable({ file, folder, path }, { usual, delimiter: null, header: true }, note, {
    columns(columnNames) {
      names = makeUnique(columnNames);
      const place = (role: keyof AudioFiles["columns"], set: (index: number) => void): readonly RunProblem[] => {
        const column: Column = data.columns[role] ?? role;
        const index = findColumn(column, columnNames);
        if (index.ok) set(index.value);
        if (index.ok) return [];
        const { code, fault, hint } = index.error;
        const message = `"${file}" ${fault}.`;
        const way = data.columns[role] === null ? ` Name the column in data.columns.${role}.` : "";
        return [{ code, path: `/data/columns/${role}`, file, line: 1, message, hint: `${hint}${way}` }];
      };
      return [
        ...place("path", (index) => {
          pathIndex = index;
        }),
        ...place("label", (index) => {
          labelIndex = index;
        }),
      ];
    },
    row({ fields, line }) {
      const own = Object.fromEntries(names.map((name, index) => [name, fields[index]]));
      const [sound = "", label = ""] = [fields[pathIndex], fields[labelIndex]];
      const fault = (pointer: string, what: string, hint: string): readonly RunProblem[] => {
        return [{ code: "sound-list", path: pointer, file, line, message: `${file}:${line}: The line ${what}.`, hint }];
      };
      if (sound === "") return fault("/data/columns/path", "has no path", "Fill it in, or remove the line.");
      if (label === "") return fault("/data/columns/label", "has no label", "Fill it in, or remove the line.");
      const place = readPlace(data, own, part);
      if (!place.ok) return fault(place.error.path, place.error.fault, place.error.hint);
      const located = isAbsolute(sound) ? sound : join(dirname(file), sound);
      sounds.push({ file: located, path, line: { file, line }, label, ...place.value });
      return [];
    },
  });
  problems.add(found);
  if (problems.size > 0) return fail(problems.list());
  if (sounds.length > 0) return ok(sounds);
  const message = `"${file}" has no lines with sound files.`;
  return fail([{ code: "sounds-empty", path, file, message, hint: "Write a path and a label in each line." }]);
}

/** The place of a sound in a message: its line in a list, or its name. */
export function placeOfSound({ file, line }: SoundFile): string {
  return line === null ? file : `${line.file}:${line.line}`;
}
