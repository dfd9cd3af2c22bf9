/** The layers of a spec that may have errors, with those of its blocks. */
import { child, isList, isObject, type Json, type JsonObject } from "../json-pointer.js";

interface LayerEntry {
  readonly layer: JsonObject;
  readonly path: string;
}

/** The layers of the model and of the blocks, each once. */
export function layersOf(spec: JsonObject): readonly LayerEntry[] {
  const bodies = isObject(spec.blocks) ? Object.entries(spec.blocks) : [];
  return [
    ...layersIn(spec.model, "/model"),
    ...bodies.flatMap(([name, body]) => layersIn(body, child("/blocks", name))),
  ];
}

/** The layers of a list, including those of its blocks. */
function layersIn(list: Json | undefined, path: string): readonly LayerEntry[] {
  if (!isList(list)) return [];
  return list.flatMap((entry, index) => {
    const entryPath = child(path, index);
    if (!isObject(entry)) return [];
    return Object.hasOwn(entry, "block")
      ? layersIn(entry.block, child(entryPath, "block"))
      : [{ layer: entry, path: entryPath }];
  });
}
