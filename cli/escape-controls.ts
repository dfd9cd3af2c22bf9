/** Text that may hold anything, for a terminal, which obeys control characters. */

/** On one line: every control character escaped. */
export function escapeLine(text: string): string {
  return text.replace(/\p{Cc}/gu, escapeCharacter);
}

/** As it is laid out: line ends and tabs stay, other control characters are escaped. */
export function escapeText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, escapeCharacter);
}

/** As JSON has it: \u001b. */
function escapeCharacter(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
}
