/** The table of layers in the overview. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { layerFacts } from "../../schema/kinds/data.js";
import { root } from "../support/spawn.js";

test("the overview names every kind of layer", () => {
  const overview = readFileSync(join(root, "docs/index.md"), "utf8");
  expect(Object.keys(layerFacts).filter((kind) => !overview.includes(`\`${kind}\``))).toEqual([]);
});
