/** Checks of audio data: the names of sound files, or the columns of a list of them. */
import type { Report } from "../diagnostics/index.js";
import { joinWithAnd, quote } from "../diagnostics/suggest.js";
import { fieldsOf, folderNames, isSounds } from "../kinds/sound-names.js";
import type { NormalAudioData } from "../normal/index.js";

export function checkAudio({ file, names, columns, split }: NormalAudioData, report: Report): void {
  const refuse = (path: string, message: string, hint: string) => report({ code: "sound-names", path, message, hint });
  if (!isSounds(file)) {
    if (names !== null)
      refuse("/data/names", "A list of sound files has its labels in a column.", 'Remove "names", or write "columns".');
    return;
  }
  const fields = fieldsOf(names ?? folderNames);
  const [column] = Object.entries(columns).filter(([, own]) => own !== null);
  if (column !== undefined)
    refuse(
      "/data/columns",
      "Only a list of sound files has columns.",
      'Write "names", such as "{label}_{speaker}.wav".',
    );
  const repeated = fields.find((field, index) => fields.indexOf(field) < index);
  if (repeated !== undefined)
    refuse("/data/names", `The names have the field ${quote(repeated)} twice.`, "Rename one.");
  const unlike = fields.find((field) => !/^[A-Za-z_]/.test(field));
  if (unlike !== undefined) refuse("/data/names", `The field ${quote(unlike)} is no name.`, "Begin it with a letter.");
  if (!fields.includes("label"))
    refuse("/data/names", "The names have no label.", 'Write {label}, such as "{label}_{speaker}_{take}.wav".');
  const known = joinWithAnd(fields.map(quote));
  const missing = (["group", "column"] as const).find((key) => {
    const wanted = key === "column" && split.by === "column" ? (split.column ?? "split") : split[key];
    return wanted !== null && !fields.includes(`${wanted}`);
  });
  if (missing === undefined) return;
  const wanted = split[missing] ?? "split";
  refuse(
    `/data/split/${missing}`,
    `The names of the files have no field ${quote(`${wanted}`)}.`,
    `They have ${known}; "names" has the fields, such as "{label}_{speaker}_{take}.wav".`,
  );
}
