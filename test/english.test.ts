/** Plain technical English: words that do not belong in code, comments, messages and pages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { commands } from "../cli/commands/index.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Rooms of the source, each checked by itself; a room includes its subfolders that are not rooms in this list. */
const rooms: readonly string[] = [
  "schema",
  ...["compiler", "compiler/pipeline", "compiler/ir", "compiler/ops", "compiler/graph", "compiler/language"],
  ...["compiler/elaborate", "compiler/training", "compiler/autodiff", "compiler/precision", "compiler/optimize"],
  ...["compiler/onnx", "compiler/export", "compiler/portability", "compiler/inspect"],
  ...["runtime", "runtime/tensors", "runtime/storage", "runtime/data", "runtime/sessions", "runtime/memory"],
  ...["runtime/import", "runtime/run", "runtime/evaluation", "runtime/generation", "runtime/predict"],
  ...["runtime/training", "runtime/distributed", "runtime/sweep", "runtime/export", "runtime/web"],
  ...["cli", "views", "web", "scripts", "bench", "docs", "templates", "examples"],
];

/** A word that does not belong, and what to write in its place. */
const words: readonly (readonly [RegExp, string])[] = [
  [/\b(says?|said|saying)\b/, "contain, print, report, predict, state"],
  [/\b(tells?|told|hears?|heard)\b/, "report, pass, receive"],
  [/\b(goes|go|going) on\b/, "continue, resume"],
  [/\bstands? (for|in|by|alone|beside)\b|\bstands\b/, "represent, is"],
  [/\b(lies|lay|lays|laid)\b/, "is, store; unrolled; layout"],
  [/\b(is|are|was|were|be) turned\b|\bturned (before|inside|to)\b|\ba turn of\b/, "transpose, convert"],
  [/\b(is|are) made( of| from| by)?\b|\bmade of\b/, "is computed, is created, consists of"],
  [/\blearnt\b/, "trained, learned"],
  [/\bwhole numbers?\b/, "integer"],
  [/\bnumbers? of (16|32|64) bits\b/, "float16, float32, int64"],
  [/\bto and fro\b|\bfor the time being\b|\bwhoever\b|\bwhatever\b/, "plain words"],
  [/\b(glances?|glimpsed?s?|likeness|trouble)\b/, "preview, predictions, compatibility, error"],
  [/\bbesides?\b/, "next to, in addition"],
  [/\b(has|have|had|is|are) (not )?met\b/, "is not in the vocabulary, is satisfied"],
  [/\bthere (is|are) none\b/, "name what is missing"],
  [/\bthe part to (train|validate|test)\b|\b(training|validation|test) part\b/, "split"],
  [/\bso many\b/, "a number"],
  [/\b(doors?|voice|floors|house)\b/, "package, layer, allowed import"],
];

/** Where a listed word is right: file, or file and the words around it, with the reason. */
const exceptions: readonly { readonly file: string; readonly text?: string; readonly reason: string }[] = [
  { file: "bench/results", reason: "recorded data" },
  {
    file: "docs/gallery.md",
    reason: "texts that trained models generate; its own text is in scripts/write-gallery.mjs",
  },
];

const text = /\.(ts|mjs|js|md|html)$/;

function filesOf(room: string): readonly string[] {
  const inner = rooms.filter((other) => other.startsWith(`${room}/`));
  return readdirSync(join(root, room), { recursive: true, encoding: "utf8" })
    .map((name) => `${room}/${name.replaceAll("\\", "/")}`)
    .filter((file) => text.test(file) && !inner.some((other) => file.startsWith(`${other}/`)))
    .filter((file) => !/spec\.(types\.ts|validator\.mjs)$|node_modules/.test(file))
    .sort();
}

/** The listed words in a text without a file, in either case. */
function wordsIn(name: string, content: string): readonly string[] {
  return words.flatMap(([pattern, advice]) => {
    const hit = new RegExp(pattern.source, "i").exec(content);
    return hit === null ? [] : [`${name}: ${content.slice(Math.max(0, hit.index - 30), hit.index + 40)}  →  ${advice}`];
  });
}

/** The `description` strings of a JSON schema by their paths. */
function descriptionsOf(schema: unknown, path = ""): readonly (readonly [string, string])[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) =>
    key === "description" && typeof value === "string"
      ? [[path, value] as const]
      : descriptionsOf(value, `${path}/${key}`),
  );
}

const isExcepted = (file: string, line: string) =>
  exceptions.some((one) => file.startsWith(one.file) && (one.text === undefined || line.includes(one.text)));

describe("plain technical English", () => {
  test.each(rooms)("%s", (room) => {
    const found = filesOf(room).flatMap((file) =>
      readFileSync(join(root, file), "utf8")
        .split("\n")
        .flatMap((line, index) => {
          if (isExcepted(file, line)) return [];
          const hit = words.find(([pattern]) => pattern.test(line));
          const clause = /\.(ts|mjs|js)$/.test(file) && /^\s*(\/\*\*|\*) (What|Where|How|Whether|Who)\b/.test(line);
          if (hit !== undefined) return [`${file}:${index + 1}: ${line.trim()}  →  ${hit[1]}`];
          return clause ? [`${file}:${index + 1}: ${line.trim()}  →  begin with a noun`] : [];
        }),
    );
    expect(found).toEqual([]);
  });

  test.each(commands.map(({ name }) => name))("rnnx %s --help", async (name) => {
    const listed = commands.find((command) => command.name === name);
    const module = await listed?.load();
    const command = new Command(name).description(module?.description ?? "");
    module?.declare(command);
    const help = [listed?.summary, module?.example, command.helpInformation().replace(/\s+/g, " ")].join("\n");
    expect(wordsIn(name, help)).toEqual([]);
    for (const { long, description } of command.options)
      expect([long, description]).toEqual([long, expect.stringMatching(/^[a-zA-Z].*[^.]$/)]);
  });

  test.each(["spec", "cell"])("descriptions of schema/%s.schema.json", (name) => {
    const schema = JSON.parse(readFileSync(join(root, `schema/${name}.schema.json`), "utf8"));
    const descriptions = descriptionsOf(schema);
    expect(descriptions.length).toBeGreaterThan(3);
    expect(descriptions.flatMap(([path, description]) => wordsIn(path, description))).toEqual([]);
  });
});
