/** Kinds of columns with their options, and the encoders before the model that make features of ids. */
import type { Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { quote } from "../diagnostics/suggest.js";
import { child } from "../json-pointer.js";
import { branchOf, definition } from "../json-schema.js";
import { columnInputs, hasKinds, type IdInput, inputKinds, isIdInput, type TextInput } from "../kinds/columns.js";
import { parseDateFormat, statesFeature } from "../kinds/date-format.js";
import { horizonRows } from "../kinds/horizon.js";
import type { NormalColumnKind, NormalTableData } from "../normal/index.js";
import type { Spec } from "../spec.types.js";
import type { InputEncoders, PlacedLayer } from "./blocks.js";
import { fillDefaults } from "./fill.js";
import { checkTextKeys } from "./text-keys.js";

const columnsPath = "/data/columns";

/** Data whose columns have kinds with all options. */
export function withColumnKinds(data: Spec["data"], recordOrigin: RecordOrigin, report: Report): Spec["data"] {
  if (data.type !== "table") return data;
  checkMarks(data.decimal ?? ".", data.thousands ?? "", "/data/thousands", report);
  const { columns = null } = data;
  if (columns === null || Array.isArray(columns)) return data;
  const kinds = Object.entries(columns).map(([name, kind]) => {
    const path = child(columnsPath, name);
    const given = typeof kind === "string" ? { type: kind } : kind;
    const branch = branchOf(definition("column_kind"), { type: given.type });
    const filled = fillDefaults<NormalColumnKind>(given, branch, path, recordOrigin);
    checkKind(filled, path, data, report);
    return [name, filled] as const;
  });
  return { ...data, columns: recordOrigin(Object.fromEntries(kinds), columnsPath) as typeof columns };
}

function checkKind(kind: NormalColumnKind, path: string, data: Spec["data"], report: Report): void {
  if ("indicator" in kind && kind.indicator) {
    const policy = kind.missing ?? (data.type === "table" ? data.missing : undefined);
    if (policy !== "zero" && policy !== "mean") {
      const message = "An indicator needs a value to read where the column has none.";
      report({
        code: "column-kind",
        path: child(path, "indicator"),
        message,
        hint: 'Write "missing": "mean" or "zero".',
      });
    }
  }
  switch (kind.type) {
    case "number": {
      const { decimal = ".", thousands = "" } = data.type === "table" ? data : {};
      const ownPath = child(path, kind.thousands === null ? "decimal" : "thousands");
      const isOwn = kind.decimal !== null || kind.thousands !== null;
      if (isOwn) checkMarks(kind.decimal ?? decimal, kind.thousands ?? thousands, ownPath, report);
      return;
    }
    case "boolean": {
      const { true: yes, false: no } = kind;
      const lower = new Set((yes ?? []).map((text) => text.toLowerCase()));
      const shared = (no ?? []).find((text) => lower.has(text.toLowerCase()));
      if (shared === undefined) return;
      const message = `${quote(shared)} is true and false.`;
      report({ code: "column-kind", path: child(path, "false"), message, hint: "Keep it in one of the lists." });
      return;
    }
    case "date": {
      if (kind.format === null) return;
      const format = parseDateFormat(kind.format);
      const formatPath = child(path, "format");
      if ("fault" in format) {
        const message = `The format ${quote(kind.format)} ${format.fault}.`;
        report({ code: "date-format", path: formatPath, message, hint: format.hint });
        return;
      }
      for (const feature of kind.features.filter((each) => !statesFeature(format.parts, each))) {
        const message = `A date of the format ${quote(kind.format)} has no ${feature.replaceAll("_", " ")}.`;
        const hint = `Remove "${feature}" from "features", or complete the format.`;
        report({ code: "date-format", path: child(path, "features"), message, hint });
      }
      return;
    }
    case "text":
      checkTextKeys({ ...kind, key: "normalization", fewest: 257 }, path, report);
      return;
    case "category":
      return;
  }
}

/** A mark cannot separate both the decimals and groups of digits. */
function checkMarks(decimal: string, thousands: string | null, path: string, report: Report): void {
  if (decimal !== thousands) return;
  const message = `${quote(decimal)} is the decimal mark and the separator of thousands.`;
  const hint = `For example "decimal": ",", "thousands": ".".`;
  report({ code: "number-marks", path, message, hint });
}

const PREFIX = "columns/";
const output = `${PREFIX}concat`;

/** The encoders of the ids of a table, concatenated with its numbers; none where all columns are numbers. */
export function inputEncoders({ data, model }: Pick<Spec, "data" | "model">): InputEncoders {
  const none = { layers: [], output: "inputs" };
  // A normal model has its encoders.
  const isNormal = model.some((member) => "layer" in member && member.name?.startsWith(PREFIX) === true);
  if (data.type !== "table" || isNormal) return none;
  const columns = (data.columns ?? null) as NormalTableData["columns"];
  if (!hasKinds(columns)) return none;
  const table = {
    columns,
    target: data.target ?? null,
    horizon: horizonRows(data.horizon ?? ((data.window ?? null) === null ? 0 : 1)),
  };
  const encoders = columnInputs(table).map((input) =>
    (isIdInput(input) ? idEncoder(input) : textEncoder(input)).map((layer) => ({
      layer,
      path: child(columnsPath, input.column),
    })),
  );
  const layers = encoders.flat();
  const hasNumbers = [...(inputKinds(table)?.values() ?? [])].some(
    ({ type }) => type === "number" || type === "boolean",
  );
  const outputs = encoders.flatMap((own) => own.at(-1)?.layer.name ?? []);
  const [first = "inputs", ...others] = [...(hasNumbers ? ["inputs"] : []), ...outputs];
  if (layers.length === 0 || others.length === 0) return { layers, output: first };
  const concat: PlacedLayer = { layer: { layer: "concat", name: output, from: [first, ...others] }, path: columnsPath };
  return { layers: [...layers, concat], output };
}

/** A vector of the tokens of a text; no layers where the model reads the tokens itself. */
function textEncoder({ name, kind: { encode, size } }: TextInput): readonly PlacedLayer["layer"][] {
  const [tokens, vector] = [`${PREFIX}tokens/${name}`, `${PREFIX}${name}`];
  const embedding: PlacedLayer["layer"] = { layer: "embedding", name: tokens, from: [name], size };
  switch (encode) {
    case "mean":
      return [embedding, { layer: "pool", name: vector, from: [tokens], mode: "mean" }];
    case "gru":
      return [
        embedding,
        { layer: "rnn", name: vector, from: [tokens], cell: "gru", hidden_size: size, return: "last" },
      ];
    case "none":
      return [];
  }
}

/** The vectors of ids; no layer where the model reads the ids itself. */
function idEncoder({ name, kind: { encode, size } }: IdInput): readonly PlacedLayer["layer"][] {
  const common = { name: `${PREFIX}${name}`, from: [name] satisfies [string] } as const;
  switch (encode) {
    case "embedding":
      return [{ layer: "embedding", ...common, size }];
    case "one_hot":
    case "cycle":
      return [{ layer: encode, ...common }];
    case "none":
      return [];
  }
}
