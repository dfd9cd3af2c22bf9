/** Gzipped data of every kind of text, whole, damaged, and much larger than its file. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readFileChunks } from "../../../../runtime/data/formats/file-chunks.js";
import { openData } from "../../../../runtime/data/index.js";
import { lastModel, specOf, squaredError, tableData } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

const csv = `a,b\n${Array.from({ length: 40 }, (_, row) => `${row},${row * 2}`).join("\n")}\n`;

async function openTable(file: string, content: string | Uint8Array) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, file), content);
  return openData(specOf({ model: lastModel, loss: squaredError, data: { ...tableData, file } }), folder);
}

async function bytesOf(path: string, maxBytes?: number) {
  let count = 0;
  for await (const chunk of readFileChunks(path, maxBytes)) count += chunk.length;
  return count;
}

test("a gzipped table is the same table", async () => {
  const [plain, packed] = [await openTable("t.csv", csv), await openTable("t.csv.gz", gzipSync(csv))];
  const tabs = csv.replaceAll(",", "\t");
  const tsv = await openTable("t.tsv.gz", gzipSync(tabs));
  if (!plain.ok || !packed.ok || !tsv.ok) throw new Error("A table cannot be read.");
  expect([packed.value.digest, tsv.value.digest]).toEqual([plain.value.digest, plain.value.digest]);
});

test("damaged and truncated gzip data is named", async () => {
  const packed = gzipSync(csv);
  const damaged = Buffer.from(packed);
  damaged.fill(255, 20, 40);
  const problem = (reason: string) => [
    {
      code: "file-format",
      file: "t.csv.gz",
      message: `"t.csv.gz" cannot be read: ${reason}.`,
      hint: "Copy the file again.",
    },
  ];
  expect(await openTable("t.csv.gz", damaged)).toMatchObject({ error: problem("its gzip data is damaged") });
  expect(await openTable("t.csv.gz", packed.subarray(0, 60))).toMatchObject({
    error: problem("its gzip data ends early"),
  });
});

test("a file that decompresses to much more than its size is refused before it is in memory", async () => {
  const path = join(temporaryFolder(), "bomb.csv.gz");
  writeFileSync(path, gzipSync(Buffer.alloc(2 ** 25, "0,0\n")));
  await expect(bytesOf(path, 2 ** 22)).rejects.toMatchObject({
    reason: "it decompresses to more than 100 times its size",
    hint: "Decompress it with gunzip if it really is this large.",
  });
  expect(await bytesOf(path)).toBe(2 ** 25);
});
