/** Columns of a table by kind: the inputs that they are, and the encoders that make features of ids. */
import type {
  NormalColumnKind,
  NormalData,
  NormalDateColumn,
  NormalTableData,
  NormalTextColumn,
} from "../normal/index.js";
import { predictsOwnRow } from "./horizon.js";

export type DateFeature = NormalDateColumn["features"][number];

/** The number of ids of each calendar feature, from 0. */
export const periods: { readonly [F in DateFeature]: number } = {
  minute: 60,
  hour: 24,
  weekday: 7,
  day: 31,
  day_of_year: 366,
  month: 12,
  quarter: 4,
};

/** An input of one id for each row: a column of categories, or a feature of a column of dates. */
export interface IdInput {
  /** The name of the input. */
  readonly name: string;
  /** The column as the spec names it. */
  readonly column: string;
  readonly kind: Extract<NormalColumnKind, { readonly type: "category" | "date" }>;
  /** Null for categories. */
  readonly feature: DateFeature | null;
}

/** An input of tokens, [batch, steps], whose lengths are an input too. */
export interface TextInput {
  /** The name of the input. */
  readonly name: string;
  /** The column as the spec names it. */
  readonly column: string;
  readonly kind: NormalTextColumn;
}

type Columns = Pick<NormalTableData, "columns" | "target" | "horizon">;

/** The kinds of the input columns by name; null where `columns` has no kinds. */
export function inputKinds({ columns, target, horizon }: Columns): ReadonlyMap<string, NormalColumnKind> | null {
  if (!hasKinds(columns)) return null;
  const lists = target === null ? [] : Array.isArray(target) ? [target] : Object.values(target);
  const sameRow = new Set(predictsOwnRow({ horizon }) ? lists.flat().map(String) : []);
  return new Map(Object.entries(columns).filter(([name]) => !sameRow.has(name)));
}

/** The kind of a column that `columns` has as an object; a target may be none of the inputs. */
export function kindOf({ columns }: Pick<Columns, "columns">, column: string | number): NormalColumnKind | null {
  return hasKinds(columns) && Object.hasOwn(columns, column) ? (columns[column] ?? null) : null;
}

export function hasKinds(columns: Columns["columns"]): columns is Readonly<Record<string, NormalColumnKind>> {
  return columns !== null && !Array.isArray(columns);
}

/** True for a table whose rows are examples of their own, without time. */
export function hasIndependentRows(data: NormalData): boolean {
  return data.type === "table" && data.window === null;
}

/** The rows of an example: those of a window, or one. */
export function rowsOfExample({ window }: Pick<NormalTableData, "window">): number {
  return window ?? 1;
}

/** True for windows that the model scales, by their own rows or by a table of the series. */
export function isScaledInModel({ scale }: Pick<NormalTableData, "scale">): boolean {
  return scale !== null && scale.per !== "column";
}

/** The input of the ids of series, by which the model finds their scales. */
export const SERIES_INPUT = "series_id";

/** The reason why a model reads windows as a whole; undefined where the data has none. */
export function whyWholeWindow(data: NormalData): string | undefined {
  if (data.type !== "table") return undefined;
  if (data.decode === "autoregressive") return "its predictions are fed back into the window";
  return data.scale?.per === "window" ? "each window is scaled by all of its rows" : undefined;
}

/** Names of arrays and scalars that models have as inputs. */
const reserved = new Set(
  "inputs future static series_id targets lengths target_lengths weights decoder_inputs encoder_inputs outputs step shard counts rate_scale loss_scale seed temperature length prompt mask block_input concat tokens".split(
    " ",
  ),
);

/** The inputs of one id for each row, in the order of the columns: `<column>`, and `<column>.<feature>` of dates. */
export function idInputs(data: Columns): readonly IdInput[] {
  return columnInputs(data).filter(isIdInput);
}

/** The inputs of tokens, in the order of the columns. */
export function textInputs(data: Columns): readonly TextInput[] {
  return columnInputs(data).filter((input): input is TextInput => !isIdInput(input));
}

export function isIdInput(input: IdInput | TextInput): input is IdInput {
  return input.kind.type !== "text";
}

/** The inputs of ids and tokens in the order of the columns. */
export function columnInputs(data: Columns): readonly (IdInput | TextInput)[] {
  const taken = new Set<string>();
  const unique = (wanted: string) => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  };
  return [...(inputKinds(data) ?? [])].flatMap(([column, kind]): readonly (IdInput | TextInput)[] => {
    const name = inputName(column);
    switch (kind.type) {
      case "category":
        return [{ name: unique(name), column, kind, feature: null }];
      case "date":
        return kind.features.map((feature) => ({ name: unique(`${name}.${feature}`), column, kind, feature }));
      case "text":
        return [{ name: unique(name), column, kind }];
      default:
        return [];
    }
  });
}

/** A column's name in the letters of names of layers. */
function inputName(column: string): string {
  const name = column.slice(0, 50).replace(/[^A-Za-z0-9._-]/g, "_");
  if (!/^[A-Za-z_]/.test(name)) return `column_${name}`;
  return reserved.has(name) ? `${name}_column` : name;
}
