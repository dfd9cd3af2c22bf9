/** Text that may hold anything, for a terminal, which obeys control characters. */

/** On one line: every control character escaped. */
export function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, escaped);
}

/** As it is laid out: line ends and tabs stay, other control characters are escaped. */
export function laidOut(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, escaped);
}

/** As JSON has it: \u001b. */
function escaped(character: string): string {
  const written = JSON.stringify(character).slice(1, -1);
  return written === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : written;
}
