/** The columns of a table in a spec: a list of numbers, or kinds by name, with the notation of the numbers. */
import type { ColumnFacts } from "./file-facts.js";
import type { FoundKind } from "./table-kinds.js";

type NumberKind = Extract<FoundKind, { readonly type: "number" }>;
type Notation = Pick<NumberKind, "decimal" | "thousands">;

const plain: Notation = { decimal: ".", thousands: "" };

/** @param isClasses true for targets of classes, which are texts. */
export function tableColumns(
  inputs: readonly ColumnFacts[],
  targets: readonly ColumnFacts[],
  isClasses: boolean,
  nameOf: (column: ColumnFacts) => string | number,
): object {
  const numberTargets = isClasses ? [] : targets;
  // The notation of the table is that of a target, which needs no kind of its own then.
  const [first] = [...numberTargets, ...inputs].flatMap(({ tableKind }) =>
    tableKind?.type === "number" && (numberTargets.length > 0 || isOther(tableKind)) ? [tableKind] : [],
  );
  const { decimal, thousands } = first ?? plain;
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
            nameOf(column),
            shortKind(column.tableKind ?? { type: "number", ...plain, unit: null }, { decimal, thousands }),
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

/** A kind as a user writes it: its name, or its options. */
function shortKind(kind: FoundKind, table: Notation): string | object {
  switch (kind.type) {
    case "number": {
      const { decimal, thousands, unit } = kind;
      const options = {
        ...((decimal !== table.decimal || thousands !== table.thousands) && { decimal, thousands }),
        ...(unit !== null && { unit }),
      };
      return Object.keys(options).length === 0 ? "number" : { type: "number", ...options };
    }
    case "date": {
      const { format, hasTime } = kind;
      if (format === null && !hasTime) return "date";
      return {
        type: "date",
        ...(format !== null && { format }),
        ...(hasTime && { features: ["hour", "weekday", "month"] }),
      };
    }
    case "boolean":
    case "category":
      return kind.type;
  }
}
