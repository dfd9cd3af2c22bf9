/** The output of C# programs: the names of classes and columns, and the lines that print predictions. */
import { hasNames, namesAreVocabulary, type SnippetSpec } from "./plan.js";
import type { SnippetNames, SnippetPrediction } from "./prediction.js";

/** The variable of the names of a prediction, if it has some. */
export function nameLines(snippet: SnippetSpec, prediction: SnippetPrediction): readonly string[] {
  if (!hasNames(prediction) || prediction.names === null) return [];
  return [namesAreVocabulary(snippet, prediction) ? "var names = vocabulary;" : list("names", prediction.names)];
}

export function list(
  name: string,
  { list: entries, metadataKey, path = [] }: Pick<SnippetNames, "list" | "metadataKey"> & Partial<SnippetNames>,
): string {
  const type = `List<${typeof entries[0] === "number" ? "int" : "string"}>`;
  const json = `metadata[${quoted(metadataKey)}]`;
  if (path.length === 0) return `var ${name} = JsonSerializer.Deserialize<${type}>(${json})!;`;
  const members = path.map((member) => `.GetProperty(${quoted(member)})`).join("");
  return `var ${name} = JsonSerializer.Deserialize<JsonElement>(${json})${members}.Deserialize<${type}>()!;`;
}

/** Prints several predictions on lines of their own, after their names. */
export function printLines(
  snippet: SnippetSpec,
  outputOf: (prediction: SnippetPrediction, place: number) => readonly string[],
): readonly string[] {
  return snippet.predictions.flatMap((prediction, place) => [
    "{",
    ...[
      ...nameLines(snippet, prediction),
      ...outputOf(prediction, place),
      `Console.Write(${quoted(`${prediction.name}: `)});`,
      formatOutput(prediction, "output"),
    ].map((line) => `    ${line}`),
    "}",
  ]);
}

/** Labels of a CTC model: repeated classes are one label, and blanks separate labels. */
export function outputLines(values: string, blank: number | null): readonly string[] {
  if (blank === null) return [`var output = ${values};`];
  const isLabel = `id != ${blank} && (step == 0 || id != classes[step - 1])`;
  return [`var classes = ${values}.ToArray();`, `var output = classes.Where((id, step) => ${isLabel});`];
}

export function formatOutput({ type, names, joinUnit }: SnippetPrediction, values: string): string {
  const print = (value: string) => `Console.WriteLine(${value});`;
  if (names === null || joinUnit === "bpe") return print(`string.Join(" ", ${values})`);
  // Of a prediction per step, the last one.
  if (type === "numbers") {
    return print(`string.Join("\\n", ${values}.TakeLast(names.Count).Zip(names, (value, name) => $"{name}: {value}"))`);
  }
  if (joinUnit === "byte")
    return print(`System.Text.Encoding.UTF8.GetString(${values}.Select(id => (byte)names[(int)id]).ToArray())`);
  return print(`string.Join(${quoted(joinUnit === "char" ? "" : " ")}, ${values}.Select(id => names[(int)id]))`);
}

/** JSON's escapes are valid in C#. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
