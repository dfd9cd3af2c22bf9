/** HTML as values: templates escape their text. */

export interface Html {
  readonly html: string;
}

export type Content = Html | string | number | readonly Content[];

export function text(content: Content): string {
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number") return String(content);
  return "html" in content ? content.html : content.map(text).join("");
}

/** A template that escapes its values. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return {
    html: strings.map((string, index) => string + (index < values.length ? text(values[index] ?? "") : "")).join(""),
  };
}

/** Markup of another renderer, inserted without escaping. */
export function trusted(markup: string): Html {
  return { html: markup };
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

export interface Column {
  readonly title: string;
  readonly align?: "right";
}

export function table(columns: readonly Column[], rows: readonly (readonly Content[])[]): Html {
  const alignmentClass = (index: number) => trusted(columns[index]?.align === "right" ? ' class="number"' : "");
  return html`<div class="wide"><table>
<thead><tr>${columns.map(({ title }, index) => html`<th${alignmentClass(index)}>${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td${alignmentClass(index)}>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

export function section(title: string, ...content: readonly Content[]): Html {
  return html`<section><h2>${title}</h2>${content}</section>\n`;
}
