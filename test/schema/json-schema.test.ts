/** The schemas as documents: complete for editors, bounded, and in step with the generated files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtInCell, builtInCells } from "../../schema/built-in.js";
import { isObject } from "../../schema/json-pointer.js";
import {
  branchOf,
  cellSchema,
  definition,
  dereference,
  type Schema,
  specSchema,
  structuralKeys,
} from "../../schema/json-schema.js";
import { packageRoot } from "../../schema/package-root.js";

const folder = join(packageRoot(), "schema");

interface SchemaEntry {
  readonly pointer: string;
  readonly schema: Schema;
}

/** Every schema in a schema, references not followed. */
function parts(schema: Schema, pointer: string): readonly SchemaEntry[] {
  const entriesOf = (key: "$defs" | "properties") =>
    Object.entries(schema[key] ?? {}).flatMap(([name, subschema]) => parts(subschema, `${pointer}/${key}/${name}`));
  const alternatives = (key: "anyOf" | "oneOf") =>
    (schema[key] ?? []).flatMap((subschema, index) => parts(subschema, `${pointer}/${key}/${index}`));
  const single = [schema.items, schema.propertyNames, schema.additionalProperties].flatMap((subschema) =>
    typeof subschema === "object" ? parts(subschema, `${pointer}/…`) : [],
  );
  return [
    { pointer, schema },
    ...entriesOf("$defs"),
    ...entriesOf("properties"),
    ...alternatives("anyOf"),
    ...alternatives("oneOf"),
    ...single,
  ];
}

const all = [...parts(specSchema(), "spec"), ...parts(cellSchema(), "cell")];
const keys = all.filter(
  ({ pointer }) => /\/properties\/[^/]+$/.test(pointer) && !/\/oneOf\/\d+\/properties/.test(pointer),
);

test("every key has title, description and examples for editors", () => {
  const incomplete = keys.filter(({ schema }) => {
    const { title, description, examples } = dereference(schema);
    return title === undefined || description === undefined || examples === undefined;
  });
  expect(incomplete.map(({ pointer }) => pointer)).toEqual([]);
});

test("every number is bounded, except in inline arrays", () => {
  const unbounded = all.filter(({ schema }) => {
    const types = [schema.type ?? []].flat();
    const above = schema.maximum ?? schema.exclusiveMaximum;
    const below = schema.minimum ?? schema.exclusiveMinimum;
    return (
      types.some((type) => type === "integer" || type === "number") &&
      (above === undefined || below === undefined || above > 2 ** 32)
    );
  });
  expect(unbounded.map(({ pointer }) => pointer)).toEqual(["spec/$defs/numbers/anyOf/0"]);
});

test("no name is defined in both schemas", () => {
  const names = Object.keys(cellSchema().$defs ?? {});
  expect(Object.keys(specSchema().$defs ?? {}).filter((name) => names.includes(name))).toEqual([]);
});

test("every optional key has a default, or one that depends on other keys", () => {
  const without = all.flatMap(({ pointer, schema }) =>
    pointer.includes("/oneOf/")
      ? []
      : Object.entries(schema.properties ?? {})
          .filter(([key, property]) => property.default === undefined && !(schema.required ?? []).includes(key))
          .filter(([, property]) => !property.$ref?.startsWith("#/$defs/option_"))
          .map(([key]) => `${pointer.replace("spec/$defs/", "")}.${key}`),
  );
  // The default of a layer's source is the layer before, of a loss the last one, of a metric the only output.
  expect(without.filter((key) => !/\.(\$schema|name|from|output)$/.test(key))).toEqual([
    // Without it the spec stands alone.
    "spec.extends",
    // One of the two.
    "spec.loss",
    "spec.losses",
    // Depends on stateful layers.
    "text_data.stride",
    "table_data.stride",
    // Depends on the file and the columns.
    "pairs_data.header",
    // Depends on the other splits.
    "series_split.train",
    "split.train",
    "table_split.train",
    "lines_split.train",
    // Without it the layers of the block have no number.
    "block.repeat",
    // Depends on the kind of data.
    "rnn.cell",
    "rnn.hidden_size",
    "rnn.cells",
    "rnn.trainable",
    "rnn.residual",
    "rnn.bidirectional",
    "rnn.dropout",
    "rnn.zoneout",
    "rnn.layer_norm",
    "cell.trainable",
    "cell.residual",
    "cell.bidirectional",
    "cell.dropout",
    "cell.zoneout",
    "cell.layer_norm",
    "log_mel.sample_rate",
    "projection.size",
    // One of the two.
    "loss_or_losses.loss",
    "clip.global_norm",
    "clip.value",
    // Depends on the metric.
    "plateau.mode",
    // Depends on the variant.
    "rmsprop.epsilon",
    "adagrad.initial_accumulator_value",
    "adagrad.epsilon",
    "adam.epsilon",
    "adamw.epsilon",
    "adamw.weight_decay",
    "nadam.epsilon",
    "nadam.momentum_decay",
    // Depends on stateful layers.
    "train.shuffle",
    // Depends on the validation split, and on the metric.
    "train.keep_best",
    "train/properties/distributed.sync",
    "train/properties/distributed.average_every",
    "train/properties/early_stopping.mode",
    "train/properties/keep_best.mode",
    // Depends on the cell's mapping.
    ...["operator", "activations", "linear_before_reset", "states", "W", "R", "Wb", "Rb", "P"].map(
      (key) => `cell/$defs/onnx_changes.${key}`,
    ),
  ]);
});

test("a default that depends on another key is stated in the description", () => {
  const incomplete = all.filter(({ schema }) => {
    const values = Object.values(schema["x-default-by"] ?? {}).flatMap((defaults) => Object.values(defaults));
    return values.some((value) => !schema.description?.includes(JSON.stringify(value)));
  });
  expect(incomplete.map(({ pointer }) => pointer)).toEqual([]);
});

test("a metric by name is any of the metrics", () => {
  const [names] = definition("metric_entry").anyOf ?? [];
  const withoutOwn = definition("metric").oneOf?.filter(({ $ref }) => $ref !== "#/$defs/metric_custom");
  expect(names?.enum).toEqual(withoutOwn?.map((metric) => dereference(metric).properties?.type?.const));
});

test("the options of the built-in cells are listed for editors, and no others", () => {
  const options = builtInCells().flatMap((name) => {
    const cell = builtInCell(name);
    return isObject(cell?.options) ? Object.keys(cell.options) : [];
  });
  for (const name of ["rnn", "cell"] as const) {
    const listedKeys = Object.keys(definition(name).properties ?? {}).filter(
      (key) => !structuralKeys(name).includes(key),
    );
    expect(listedKeys.sort()).toEqual([...new Set(options)].sort());
  }
});

describe("generated files are up to date", () => {
  test("spec.types.ts (`npm run types`)", async () => {
    const { specTypes } = await importSource<{ specTypes: () => Promise<string> }>("generate-types.mjs");
    expect(readFileSync(join(folder, "spec.types.ts"), "utf8")).toBe(await specTypes());
  });

  test("normal/types.ts and kinds/data.ts (`npm run types`)", async () => {
    const source = await importSource<Record<"normalTypes" | "kindsData", () => string>>("generate-normal.mjs");
    expect(readFileSync(join(folder, "normal/types.ts"), "utf8")).toBe(source.normalTypes());
    expect(readFileSync(join(folder, "kinds/data.ts"), "utf8")).toBe(source.kindsData());
  });

  test("spec.validator.mjs (`npm run build`)", async () => {
    const { validatorSource } = await importSource<{ validatorSource: () => string }>("compile-validator.mjs");
    expect(readFileSync(join(folder, "spec.validator.mjs"), "utf8") === validatorSource()).toBe(true);
  });
});

/** A module of plain JavaScript, which has no types. */
async function importSource<T>(name: string): Promise<T> {
  return import(join(folder, name));
}

test("unknown definitions throw", () => {
  expect(() => definition("nothing")).toThrow("the schemas have no definition nothing");
  expect(() => branchOf(definition("layer"), { layer: "nothing" })).toThrow(
    "no branch of the schema has layer nothing",
  );
});

test("a reference resolves to a definition or to a whole schema", () => {
  expect(dereference({ $ref: "cell.schema.json", description: "mine" })).toEqual({
    ...cellSchema(),
    description: "mine",
  });
});
