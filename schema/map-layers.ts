/** A change of each layer of a spec: in its model, in the blocks inside it and in the blocks by name. */
import { child, isList, isObject, type Json, type JsonObject } from "./json-pointer.js";

/** The spec with its layers changed; those of blocks in their place. The spec may have errors. */
export function mapLayers(spec: JsonObject, change: (layer: JsonObject, path: string) => JsonObject): JsonObject {
  const changed = (entry: Json, path: string): Json => {
    if (isList(entry)) return entry.map((each, index) => changed(each, child(path, index)));
    if (!isObject(entry)) return entry;
    if (isList(entry.block)) return { ...entry, block: changed(entry.block, child(path, "block")) };
    return change(entry, path);
  };
  const { model, blocks } = spec;
  const named = isObject(blocks)
    ? Object.fromEntries(Object.entries(blocks).map(([name, body]) => [name, changed(body, child("/blocks", name))]))
    : undefined;
  return {
    ...spec,
    ...(model !== undefined && { model: changed(model, "/model") }),
    ...(named !== undefined && { blocks: named }),
  };
}
