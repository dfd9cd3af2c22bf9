/** Escaping of control characters, which a terminal would execute. */

/** Escapes every control character, line breaks too. */
export function escapeLine(text: string): string {
  return text.replace(/\p{Cc}/gu, escapeCharacter);
}

/** Text in one line; in quotes where its start or end would not be visible, or a character is escaped. */
export function visibleText(text: string): string {
  return text === "" || /^\s|\s$|\p{Cc}/u.test(text) ? escapeLine(JSON.stringify(text)) : text;
}

/** Escapes all control characters except line breaks and tabs. */
export function escapeText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, escapeCharacter);
}

/** The escape sequence of JSON, such as \u001b. */
function escapeCharacter(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  return json === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : json;
}
