/** Patterns of the names of sound files, such as `{label}_{speaker}_{take}.wav`: fields in braces, and `*`. */

/** The names of the fields of a pattern, in order. */
export function fieldsOf(pattern: string): readonly string[] {
  return [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

/** The fields of a file's path by the end of which a pattern matches; undefined for another path. */
export function readName(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const source = pattern
    .split(/(\{\w+\}|\*)/)
    .map((piece, index) => {
      if (index % 2 === 0) return piece.replace(/[.+?^$()|[\]{}\\]/g, "\\$&");
      return piece === "*" ? "[^/]*" : `(?<${piece.slice(1, -1)}>[^/]+?)`;
    })
    .join("");
  const found = new RegExp(`(?:^|/)${withAnyCase(source)}$`, "u").exec(path);
  return found === null ? undefined : { ...found.groups };
}

/** The pattern of files whose folder is their label. */
export const folderNames = "{label}/*.wav";

/** True for a sound file, or a pattern of sound files; other files are lists of sound files. */
export function isSounds(file: string): boolean {
  return /\.wave?\}?$/i.test(file);
}

/** A regular expression of file names whose extension for sounds, at its end, may be of any case: `.WAV`, `.Wav`. */
export function withAnyCase(expression: string): string {
  return expression.replace(/\.wave?$/i, (extension) =>
    extension.replace(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`),
  );
}
