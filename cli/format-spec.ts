/** A spec as JSON text for people: one line for each key of a section and for each layer. */
export function formatSpec(spec: object): string {
  const entries = Object.entries(spec).map(([key, value]) => {
    const short = oneLine(value);
    if (typeof value !== "object" || value === null || short.length + key.length < 90) return `  "${key}": ${short}`;
    if (Array.isArray(value)) return `  "${key}": [\n${value.map((entry) => `    ${oneLine(entry)}`).join(",\n")}\n  ]`;
    const members = Object.entries(value).map(([member, inner]) => `    "${member}": ${oneLine(inner)}`);
    return `  "${key}": {\n${members.join(",\n")}\n  }`;
  });
  return `{\n${entries.join(",\n")}\n}\n`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${oneLine(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}
