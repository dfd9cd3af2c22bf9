/** Event files, read by an independent decoder: a bitwise checksum, and a textual protobuf schema. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { openEventWriter } from "../../../views/tensorboard/event-writer.js";

const schema = `
  syntax = "proto3";
  message Event { double wall_time = 1; int64 step = 2; oneof what { string file_version = 3; Summary summary = 5; SessionLog session_log = 7; } }
  message SessionLog { int32 status = 1; }
  message Summary { repeated Value value = 1;
    message Value { string tag = 1; oneof value { float simple_value = 2; Tensor tensor = 8; } Metadata metadata = 9; } }
  message Metadata { PluginData plugin_data = 1; message PluginData { string plugin_name = 1; } }
  message Tensor { int32 dtype = 1; Shape tensor_shape = 2; repeated bytes string_val = 8; }
  message Shape { repeated Dim dim = 2; message Dim { int64 size = 1; } }
`;
const Event = protobuf.parse(schema, { keepCase: true }).root.lookupType("Event");

/** CRC-32C by its polynomial. */
function checksum(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

const masked = (sum: number) => (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;

function readEvents(file: string): readonly Record<string, unknown>[] {
  const bytes = readFileSync(file);
  const events: Record<string, unknown>[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(offset));
    const data = bytes.subarray(offset + 12, offset + 12 + length);
    expect(bytes.readUInt32LE(offset + 8)).toBe(masked(checksum(bytes.subarray(offset, offset + 8))));
    expect(bytes.readUInt32LE(offset + 12 + length)).toBe(masked(checksum(data)));
    events.push(Event.toObject(Event.decode(data), { longs: Number }));
    offset += 16 + length;
  }
  return events;
}

function readSplit(split: string, folder: string) {
  const [name = ""] = readdirSync(join(folder, split));
  expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
  return { file: join(folder, split, name), events: readEvents(join(folder, split, name)) };
}

test("the checksum is CRC-32C", () => {
  expect(checksum(Buffer.from("123456789"))).toBe(0xe3069283);
});

test("an independent reader decodes steps, evaluations and samples", () => {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-events-"));
  const files = openEventWriter(folder);
  files.write({
    event: "start",
    run: "r",
    device: "cpu",
    parameters: 1,
    examples: { train: 1, validation: 0, test: 0 },
    step: 4,
    steps: 6,
  });
  files.write({ event: "step", step: 5, loss: 0.5, gradient_norm: 2, learning_rate: 0.125 });
  const metrics = { train: { loss: 0.25 }, validation: { loss: 0.75, accuracy: 1 }, test: {} };
  files.write({ event: "evaluation", epoch: 1, step: 5, metrics });
  files.write({ event: "sample", step: 5, text: "häl\nlo" });
  files.close();

  expect(readdirSync(folder).sort()).toEqual(["train", "validation"]);
  const { file, events } = readSplit("train", folder);
  // As TensorFlow begins its files: a record of 24 bytes.
  expect(readFileSync(file).subarray(0, 12).toString("hex")).toBe("1800000000000000a37f4b22");
  expect(events.map(({ wall_time: _, ...event }) => event)).toMatchObject([
    { file_version: "brain.Event:2" },
    { step: 5, session_log: { status: 1 } },
    {
      step: 5,
      summary: {
        value: [
          { tag: "step/loss", simple_value: 0.5 },
          { tag: "step/gradient_norm", simple_value: 2 },
          { tag: "step/learning_rate", simple_value: 0.125 },
        ],
      },
    },
    { step: 5, summary: { value: [{ tag: "evaluation/loss", simple_value: 0.25 }] } },
    {
      step: 5,
      summary: {
        value: [
          {
            tag: "sample",
            tensor: { dtype: 7, tensor_shape: { dim: [{ size: 1 }] }, string_val: [Buffer.from("    häl\n    lo")] },
            metadata: { plugin_data: { plugin_name: "text" } },
          },
        ],
      },
    },
  ]);
  expect(Math.abs(Number(events[0]?.wall_time) - Date.now() / 1000)).toBeLessThan(60);
  expect(readSplit("validation", folder).events.at(-1)).toMatchObject({
    summary: { value: [{ tag: "evaluation/loss" }, { tag: "evaluation/accuracy", simple_value: 1 }] },
  });
});
