/** The ids of columns of a table in programs: categories by their lists, and calendar features of a date. */
import type { DateFeature } from "../../../schema/kinds/columns.js";
import type { Metadata } from "../../data/metadata.js";

/** A column behind an input of ids, with an example of its values. */
export type SnippetColumn =
  | {
      readonly feed: string;
      readonly name: string;
      readonly categories: readonly string[];
      readonly example: string;
    }
  | { readonly feed: string; readonly name: string; readonly feature: DateFeature };

/** By the inputs of the model; without numbers the first one is `inputs`. */
export function idColumnsOf(metadata: Metadata): readonly SnippetColumn[] {
  if (metadata.type !== "table") return [];
  return Object.entries(metadata.ids ?? {}).map(([name, column], index) => {
    const feed = metadata.columns.length === 0 && index === 0 ? "inputs" : name;
    return "feature" in column
      ? { feed, name, feature: column.feature }
      : { feed, name, categories: column.categories, example: column.categories[0] ?? "" };
  });
}

/** The lines before the feeds of a program, and the id of a feed as an expression. */
interface ColumnCode {
  readonly imports: readonly string[];
  readonly lines: readonly string[];
  readonly idOf: (feed: string) => string;
}

type Language = "python" | "javascript" | "csharp";

const features: { readonly [L in Language]: { readonly [F in DateFeature]: string } } = {
  python: {
    minute: "date.minute",
    hour: "date.hour",
    weekday: "date.weekday()",
    day: "date.day - 1",
    day_of_year: "date.timetuple().tm_yday - 1",
    month: "date.month - 1",
    quarter: "(date.month - 1) // 3",
  },
  javascript: {
    minute: "date.getUTCMinutes()",
    hour: "date.getUTCHours()",
    weekday: "(date.getUTCDay() + 6) % 7",
    day: "date.getUTCDate() - 1",
    day_of_year: "Math.floor((date - new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1)) / 86400000)",
    month: "date.getUTCMonth()",
    quarter: "Math.floor(date.getUTCMonth() / 3)",
  },
  csharp: {
    minute: "date.Minute",
    hour: "date.Hour",
    weekday: "((int)date.DayOfWeek + 6) % 7",
    day: "date.Day - 1",
    day_of_year: "date.DayOfYear - 1",
    month: "date.Month - 1",
    quarter: "(date.Month - 1) / 3",
  },
};

const comment = "After the categories come the ids of an empty field and of other values.";

const categoryLines: { readonly [L in Language]: (columns: readonly SnippetColumn[]) => readonly string[] } = {
  python: () => [
    'columns = json.loads(metadata["rnnx.data.ids"])',
    "",
    "",
    "def category(name, value):",
    '    categories = columns[name]["categories"]',
    `    # ${comment}`,
    '    return categories.index(value) if value in categories else len(categories) + (value != "")',
    "",
    "",
  ],
  javascript: (columns) => [
    `const columns = ${JSON.stringify(Object.fromEntries(columns.flatMap((column) => ("categories" in column ? [[column.name, column.categories]] : []))))};`,
    "function category(name, value) {",
    "  const categories = columns[name];",
    `  // ${comment}`,
    '  return categories.includes(value) ? categories.indexOf(value) : categories.length + (value === "" ? 0 : 1);',
    "}",
  ],
  csharp: () => [
    'var columns = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(metadata["rnnx.data.ids"])!;',
    "int Category(string name, string value)",
    "{",
    '    var categories = columns[name].GetProperty("categories").Deserialize<List<string>>()!;',
    `    // ${comment}`,
    '    return categories.Contains(value) ? categories.IndexOf(value) : categories.Count + (value == "" ? 0 : 1);',
    "}",
  ],
};

const dateLine: { readonly [L in Language]: string } = {
  python: "date = datetime(2024, 6, 15, 12, 0)",
  javascript: "const date = new Date(Date.UTC(2024, 5, 15, 12, 0));",
  csharp: "var date = new DateTime(2024, 6, 15, 12, 0, 0);",
};

/** The code of the columns of ids in a language. */
export function columnCode(columns: readonly SnippetColumn[], language: Language): ColumnCode {
  const hasCategories = columns.some((column) => "categories" in column);
  const hasDates = columns.some((column) => "feature" in column);
  const call = language === "csharp" ? "Category" : "category";
  return {
    imports: hasDates && language === "python" ? ["from datetime import datetime"] : [],
    lines: [...(hasCategories ? categoryLines[language](columns) : []), ...(hasDates ? [dateLine[language]] : [])],
    idOf(feed) {
      const column = columns.find((each) => each.feed === feed);
      if (column === undefined) throw new Error(`The input ${feed} is no column of ids.`);
      if ("feature" in column) return features[language][column.feature];
      return `${call}(${JSON.stringify(column.name)}, ${JSON.stringify(column.example)})`;
    },
  };
}
