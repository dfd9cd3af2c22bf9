/** The output of JavaScript programs: the lines that print predictions. */
import { hasNames, namesAreVocabulary, type SnippetSpec } from "./plan.js";
import type { SnippetPrediction } from "./prediction.js";

/** Prints the predictions; several on lines of their own, after their names. */
export function printLines(
  snippet: SnippetSpec,
  valuesOf: (prediction: SnippetPrediction) => string,
  print: (value: string) => string,
): readonly string[] {
  const namesOf = (prediction: SnippetPrediction) =>
    namesAreVocabulary(snippet, prediction) ? "vocabulary" : JSON.stringify(prediction.names?.list);
  const declared = (prediction: SnippetPrediction) =>
    hasNames(prediction) ? [`const names = ${namesOf(prediction)};`] : [];
  const [only, ...others] = snippet.predictions;
  if (others.length === 0) return [...declared(only), print(formatOutput(only, valuesOf(only)))];
  return [
    "const lines = [];",
    ...snippet.predictions.flatMap((prediction) => [
      "{",
      ...declared(prediction).map((line) => `  ${line}`),
      `  lines.push(${JSON.stringify(`${prediction.name}: `)} + ${formatOutput(prediction, valuesOf(prediction))});`,
      "}",
    ]),
    print('lines.join("\\n")'),
  ];
}

/** Labels of a CTC model: repeated classes are one label, and blanks separate labels. */
export function labels(values: string, blank: number | null): string {
  return blank === null
    ? values
    : `${values}.filter((id, step, classes) => id !== ${blank} && id !== classes[step - 1])`;
}

/** Text, a list of names, or numbers. */
function formatOutput({ type, names, joinUnit }: SnippetPrediction, values: string): string {
  if (names === null) return values;
  // Of a prediction per step, the last one.
  if (type === "numbers") {
    return `${values}.slice(-names.length).map((value, index) => \`\${names[index]}: \${value}\`).join("\\n")`;
  }
  if (joinUnit === "bpe") return `tokenizer.decode(${values})`;
  if (joinUnit === "byte") return `new TextDecoder().decode(Uint8Array.from(${values}, (id) => names[id]))`;
  return `${values}.map((id) => names[id]).join(${JSON.stringify(joinUnit === "char" ? "" : " ")})`;
}
