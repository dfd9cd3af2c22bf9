import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { writeNpy } from "../../../../runtime/data/formats/npy.js";
import { bitwiseCrc32, crc32, readZip, writeZip } from "../../../../runtime/data/formats/zip.js";
import { mapDataFiles, openData } from "../../../../runtime/data/index.js";
import type { NormalArraysData } from "../../../../schema/normal/index.js";
import { arraysData, numbersModel, specOf, squaredError } from "../../../support/normal-specs.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";

interface Part {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
}

function archive(parts: readonly Part[], comment = ""): Buffer {
  const files: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, method = 8, flags = 0 } of parts) {
    const packed = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(flags, 2);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(crc32(bytes), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(bytes.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), shared, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    list.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), shared, tail, Buffer.from(name));
    files.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...files, entries, end, Buffer.from(comment)]);
}

const inputs = writeNpy([2, 3, 1], Float32Array.of(1, 2, 3, 4, 5, 6));
const targets = writeNpy([2, 3, 1], Float32Array.of(2, 3, 4, 5, 6, 7));
const completeArchive = archive([
  { name: "inputs.npy", bytes: inputs },
  { name: "targets.npy", bytes: targets, method: 0 },
]);

async function opened(npz: Uint8Array, data: Partial<NormalArraysData> = {}) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "d.npz"), npz);
  const options = { ...arraysData, inputs: "d.npz", targets: "d.npz", ...data };
  return openData(specOf({ model: numbersModel, loss: squaredError, data: options }), folder);
}

const messages = async (npz: Uint8Array, data: Partial<NormalArraysData> = {}) => {
  const result = await opened(npz, data);
  return result.ok ? [] : result.error;
};

describe("arrays of an archive", () => {
  test("are selected by role, or by the name after #; stored or deflated", async () => {
    const result = await opened(completeArchive);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(result.value.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(4, 5, 6));
    const swapped = await opened(completeArchive, { inputs: "d.npz#targets", targets: "d.npz#inputs" });
    if (!swapped.ok) throw new Error(JSON.stringify(swapped.error));
    expect(swapped.value.batch([1]).get("inputs")?.data).toEqual(Float32Array.of(5, 6, 7));
  });

  test("keep their name when the file is renamed", () => {
    const data = { ...arraysData, inputs: "d.npz#x", targets: "t.NPZ", lengths: "l.npy" };
    expect(mapDataFiles(data, (file) => `../${file}`)).toMatchObject({
      inputs: "../d.npz#x",
      targets: "../t.NPZ",
      lengths: "../l.npy",
    });
  });

  test("an archive may end in a comment", async () => {
    const members = readZip(archive([{ name: "a", bytes: Uint8Array.of(1, 2) }], "by hand"));
    expect(members).toMatchObject({ ok: true, value: [{ name: "a" }] });
    expect(members.ok && members.value[0]?.read()).toEqual({ ok: true, value: Buffer.of(1, 2) });
  });

  test("checksums match the standard", () => {
    const digits = Buffer.from("123456789");
    for (const checksum of [crc32, bitwiseCrc32]) expect(checksum(digits)).toBe(0xcbf43926);
  });
});

describe("problems", () => {
  const format = (subject: string, reason: string) => ({
    code: "file-format",
    path: "/data/inputs",
    file: "d.npz",
    message: `${subject} cannot be read as an array: ${reason}.`,
    hint: 'Save an array of numbers again, such as numpy.savez("x.npz", x=array) with array = numpy.asarray(x, "float32").',
  });
  const member = '"inputs" in "d.npz"';

  test.each<[string, Uint8Array, object]>([
    ["not an archive", Buffer.from("hello"), format('"d.npz"', "it is not a zip archive, or ends early")],
    ["an array", inputs, format('"d.npz"', "it is not a zip archive, or ends early")],
    [
      "a member that is no array",
      archive([{ name: "inputs.npy", bytes: Buffer.from("hello") }]),
      format(member, "it is not an NPY file"),
    ],
    [
      "an encrypted member",
      archive([{ name: "inputs.npy", bytes: inputs, flags: 1 }]),
      format(member, 'its member "inputs.npy" is encrypted'),
    ],
    [
      "another compression",
      archive([{ name: "inputs.npy", bytes: inputs, method: 14 }]),
      format(member, 'its member "inputs.npy" uses compression method 14, which is not supported'),
    ],
    [
      "changed contents",
      Buffer.concat([completeArchive.subarray(0, 100), Buffer.of(1, 2, 3), completeArchive.subarray(103)]),
      format(member, 'its member "inputs.npy" is damaged'),
    ],
    [
      "another name",
      archive([
        { name: "x.npy", bytes: inputs },
        { name: "y.npy", bytes: inputs },
      ]),
      {
        code: "archive-member",
        path: "/data/inputs",
        file: "d.npz",
        message: '"d.npz" contains no array named "inputs".',
        hint: 'It contains x, y. Name one, as in "d.npz#x".',
      },
    ],
    [
      "nothing",
      archive([]),
      {
        code: "archive-member",
        path: "/data/inputs",
        file: "d.npz",
        message: '"d.npz" contains no array named "inputs".',
        hint: "It contains no arrays.",
      },
    ],
  ])("%s", async (_, npz, problem) => {
    expect((await messages(npz, { targets: [[0]] }))[0]).toEqual(problem);
  });

  test("truncated and changed files are problems, not exceptions", () => {
    const readAll = (bytes: Uint8Array) => {
      const members = readZip(bytes);
      return members.ok ? members.value.map(({ read }) => read()) : members.error;
    };
    for (let size = 0; size < completeArchive.length; size++)
      expect(typeof readAll(completeArchive.subarray(0, size))).toBe("string");
    for (let offset = 0; offset < completeArchive.length; offset++) {
      for (const bit of [1, 0x80, 0xff]) {
        const changed = Buffer.from(completeArchive);
        changed[offset] = (changed[offset] ?? 0) ^ bit;
        readAll(changed);
      }
    }
  });
});

test("an archive that is written is read again, in names beyond ASCII too", () => {
  const members = [
    { name: "kind.npy", content: writeNpy([2], Float32Array.of(1, 2)) },
    { name: "größe/a.npy", content: new Uint8Array() },
  ];
  const read = readZip(writeZip(members));
  if (!read.ok) throw new Error(read.error);
  expect(read.value.map(({ name }) => name)).toEqual(members.map(({ name }) => name));
  for (const [index, member] of read.value.entries()) {
    const bytes = member.read();
    expect(bytes.ok && Buffer.from(bytes.value)).toEqual(Buffer.from(members[index]?.content ?? []));
  }
});
