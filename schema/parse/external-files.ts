/** The files of a model's external data: their locations, and the reasons for which one is not read. */
import { lstatSync, realpathSync, type Stats } from "node:fs";
import { isAbsolute, join } from "node:path";
import protobuf from "protobufjs/minimal.js";

/** Fields of ONNX's messages: the graph of a model, an initializer of a graph, an entry of its external data. */
const [GRAPH, INITIALIZER, EXTERNAL_DATA] = [7, 5, 13];
/** Fields of an entry. */
const [KEY, VALUE] = [1, 2];

/** Locations in a model, sorted; none of a file that is no model. */
export function externalLocations(model: Uint8Array): readonly string[] {
  const locations = new Set<string>();
  const textOf = (entry: Uint8Array, field: number) => Buffer.concat([...contents(entry, field)]).toString("utf8");
  try {
    for (const graph of contents(model, GRAPH))
      for (const tensor of contents(graph, INITIALIZER))
        for (const entry of contents(tensor, EXTERNAL_DATA))
          if (textOf(entry, KEY) === "location") locations.add(textOf(entry, VALUE));
  } catch {
    return [];
  }
  return [...locations].sort();
}

/** The contents of a field of a protobuf message. Throws an Error for bytes that are none. */
function* contents(message: Uint8Array, field: number): Generator<Uint8Array> {
  const reader = protobuf.Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === field * 8 + 2) yield reader.bytes();
    else reader.skipType(tag % 8);
  }
}

/** The file of a location, or the reason for which it is not read: only regular files in the model's folder are. */
export function externalFile(folder: string, location: string): Stats | string {
  if (location === "" || location.includes("\0")) return "which is not a file name";
  const segments = location.split(/[/\\]/);
  if (isAbsolute(location) || /^[A-Za-z]:/.test(location) || segments[0] === "") return "which is an absolute path";
  if (segments.includes("..")) return "which is outside of the model's folder";
  let stats: Stats;
  try {
    stats = lstatSync(join(folder, location));
  } catch {
    return "which does not exist";
  }
  const path = join(realpathSync(folder), ...segments.filter((segment) => segment !== "" && segment !== "."));
  if (stats.isSymbolicLink() || realpathSync(join(folder, location)) !== path) return "which is a link";
  if (!stats.isFile()) return "which is not a file";
  return stats.nlink > 1 ? "which has other hard links" : stats;
}
