/** The columns of a table in a spec: a list of numbers, or kinds by name, with the notation of the numbers. */
import type { DateFeature } from "../../../../schema/kinds/columns.js";
import { parseDateFormat, statesFeature } from "../../../../schema/kinds/date-format.js";
import { forbiddenKeys } from "../../../../schema/parse/json.js";
import type { ColumnFacts } from "./file-facts.js";
import type { FoundKind } from "./table-kinds.js";

type NumberKind = Extract<FoundKind, { readonly type: "number" }>;
type Notation = Pick<NumberKind, "decimal" | "thousands">;

const plain: Notation = { decimal: ".", thousands: "" };

/** @param isClasses true for targets of classes, which are texts. @param placeOf a column, from 1. */
export function tableColumns(
  inputs: readonly ColumnFacts[],
  targets: readonly ColumnFacts[],
  isClasses: boolean,
  nameOf: (column: ColumnFacts) => string | number,
  placeOf: (column: ColumnFacts) => number,
): object {
  const keyOf = (column: ColumnFacts) => (forbiddenKeys.includes(column.name) ? placeOf(column) : nameOf(column));
  const numberTargets = isClasses ? [] : targets;
  // The notation of the table is that of a target, which needs no kind of its own then. Integers have any notation.
  const numberKinds = (columns: readonly ColumnFacts[]) =>
    columns.flatMap(({ tableKind }) => (tableKind?.type === "number" ? [tableKind] : []));
  const targetKinds = numberKinds(numberTargets);
  const { decimal, thousands } =
    [...targetKinds, ...numberKinds(inputs)].find(
      (kind) => isOther(kind) && targetKinds.every((target) => isReadIn(target, kind)),
    ) ??
    targetKinds[0] ??
    plain;
  const kinds = [...inputs, ...numberTargets.filter((target) => hasUnit(target) && !inputs.includes(target))];
  const isPlainList = kinds.every(
    ({ tableKind }) => tableKind === null || shortKind(tableKind, { decimal, thousands }) === "number",
  );
  return {
    ...(decimal !== plain.decimal && { decimal }),
    ...(thousands !== plain.thousands && { thousands }),
    columns: isPlainList
      ? inputs.map(nameOf)
      : Object.fromEntries(
          kinds.map((column) => [
            keyOf(column),
            column.tableKind?.type === "text"
              ? textKind(column)
              : column.tableKind === null
                ? "number"
                : shortKind(column.tableKind, { decimal, thousands }),
          ]),
        ),
  };
}

function hasUnit({ tableKind }: ColumnFacts): boolean {
  return tableKind?.type === "number" && tableKind.unit !== null;
}

function isOther({ decimal, thousands }: Notation): boolean {
  return decimal !== plain.decimal || thousands !== plain.thousands;
}

/** True for a column with the same numbers in a notation of the table. */
function isReadIn({ equivalent }: NumberKind, table: Notation): boolean {
  return equivalent.some(({ decimal, thousands }) => decimal === table.decimal && thousands === table.thousands);
}

/** A kind as a user writes it: its name, or its options. */
function shortKind(kind: FoundKind, table: Notation): string | object {
  switch (kind.type) {
    case "number": {
      const { decimal, thousands, unit } = kind;
      const options = {
        ...(!isReadIn(kind, table) && { decimal, thousands }),
        ...(unit !== null && { unit }),
      };
      return Object.keys(options).length === 0 ? "number" : { type: "number", ...options };
    }
    case "date": {
      const { format, hasTime } = kind;
      const features = featuresOf(format, hasTime);
      if (format === null && features === null) return "date";
      return { type: "date", ...(format !== null && { format }), ...(features !== null && { features }) };
    }
    case "boolean":
    case "category":
    case "text":
      return kind.type;
  }
}

/** Words without case and punctuation marks; those of many rows occur twice. */
function textKind({ lengths }: ColumnFacts): object {
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return {
    type: "text",
    normalization: { normalize: "NFC", lowercase: true, punctuation: "split" },
    ...(lengths.length >= 1000 && { vocabulary: { min_count: 2 } }),
    ...(longest > MAX_WORDS && { max_length: MAX_WORDS }),
  };
}

/** Words of the longest texts that are read. */
const MAX_WORDS = 400;

const defaultFeatures = ["weekday", "month"] as const;
const timeFeatures = ["hour", ...defaultFeatures] as const;
const otherFeatures = ["hour", "minute", "day", "month", "quarter"] as const;

/** The calendar features that a date of the format has; null for those of a date without `features`. */
function featuresOf(format: string | null, hasTime: boolean): readonly DateFeature[] | null {
  const parsed = format === null ? null : parseDateFormat(format);
  const isStated = (feature: DateFeature) =>
    parsed === null || "fault" in parsed || statesFeature(parsed.parts, feature);
  const wanted = hasTime ? timeFeatures : defaultFeatures;
  if (wanted.every(isStated)) return hasTime ? wanted : null;
  return otherFeatures.filter(isStated);
}
