/** A section of an explanation: a heading with a note, and indented lines. */
import type { Colors } from "../../output.js";

/** The lines of a section after an empty one; none for a section without lines. */
export function sectionLines(
  { bold, dim }: Colors,
  heading: string,
  note: string,
  lines: readonly string[],
): readonly string[] {
  if (lines.length === 0) return [];
  return ["", note === "" ? bold(heading) : `${bold(heading)}  ${dim(note)}`, ...lines.map((line) => `  ${line}`)];
}
