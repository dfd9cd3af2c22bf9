/**
 * File names in a spec: the keys of its data that the schema marks with `x-file`, and the files that layers name.
 */
import { isList, isObject, type Json, keysOf } from "../json-pointer.js";
import { dereference, propertiesOf, propertyOf, type Schema, specSchema } from "../json-schema.js";

/** A member of any name, and an entry of a list. */
const any = "*";

/** Paths of file names, such as `/data/file` and `/data/split/files/test`. */
let filePaths: ReadonlySet<string> | undefined;

function pathsIn(reference: Schema, path: string): readonly string[] {
  const schema = dereference(reference);
  const { additionalProperties, anyOf = [], oneOf = [] } = schema;
  return [
    ...(schema["x-file"] === true ? [path, `${path}/${any}`] : []),
    ...Object.entries(propertiesOf(schema)).flatMap(([key, property]) => pathsIn(property, `${path}/${key}`)),
    ...(typeof additionalProperties === "object" ? pathsIn(additionalProperties, `${path}/${any}`) : []),
    ...[...anyOf, ...oneOf].flatMap((branch) => pathsIn(branch, path)),
  ];
}

/** The value at a path of the spec with each file name in it replaced. The value may have errors. */
export function mapFileNames(value: Json, rename: (file: string) => string, path: string): Json {
  filePaths ??= new Set(pathsIn(propertyOf(specSchema(), "data"), "/data"));
  const paths = filePaths;
  const inside = (places: readonly string[], key: string) =>
    places.flatMap((place) => [`${place}/${key}`, `${place}/${any}`]);
  const change = (entry: Json, places: readonly string[]): Json => {
    if (typeof entry === "string") return places.some((place) => paths.has(place)) ? rename(entry) : entry;
    // Lists of numbers are data, and may have millions of entries.
    if (isList(entry))
      return typeof entry[0] === "string" ? entry.map((each) => change(each, inside(places, any))) : entry;
    if (!isObject(entry)) return entry;
    return Object.fromEntries(Object.entries(entry).map(([key, member]) => [key, change(member, inside(places, key))]));
  };
  const changeSection = (section: string, entry: Json) =>
    section === "data"
      ? change(entry, ["/data"])
      : section === "model" || section === "blocks"
        ? mapLayerFiles(entry, rename)
        : entry;
  if (path === "" && isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([section, entry]) => [section, changeSection(section, entry)]),
    );
  const [first = "", ...keys] = keysOf(path);
  return first === "data" ? change(value, keys.reduce(inside, ["/data"])) : changeSection(first, value);
}

/** The key of a file, by the kind of layer. */
const layerFiles: Readonly<Record<string, string>> = { onnx: "file", embedding: "vectors" };

/** Layers, and blocks of layers, with their files replaced. */
function mapLayerFiles(value: Json, rename: (file: string) => string): Json {
  if (isList(value)) return value.map((entry) => mapLayerFiles(entry, rename));
  if (!isObject(value)) return value;
  if (value.layer !== undefined) {
    const key = layerFiles[String(value.layer)] ?? "";
    const file = value[key];
    return typeof file === "string" ? { ...value, [key]: rename(file) } : value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, mapLayerFiles(entry, rename)]));
}
