import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { StoredTensor } from "../../../compiler/artifact.js";
import { readInitialWeights } from "../../../runtime/import/initial-weights.js";
import { writeSafetensors } from "../../../runtime/tensors/safetensors.js";
import { specOf } from "../../support/normal-specs.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const zero = { type: "constant", value: 0 } as const;
const parameters: readonly StoredTensor[] = [
  { name: "rnn/0/W", shape: [1, 2], initializer: zero },
  { name: "rnn/0/b", shape: [2], initializer: zero },
];

const model = { spec: specOf({}), parameters };

const hint = "The model has rnn/0/W [1, 2], rnn/0/b [2].";

test("any subset of the parameters may be given", async () => {
  const file = join(temporaryFolder(), "init.safetensors");
  const tensors = new Map([["rnn/0/b", { shape: [2], data: Float32Array.of(1, 2) }]]);
  writeFileSync(file, writeSafetensors(tensors));
  expect(await readInitialWeights({ file, maps: [] }, model)).toEqual({ ok: true, value: { tensors, notices: [] } });
});

test("unknown names, wrong shapes and infinities are all reported", async () => {
  const file = join(temporaryFolder(), "init.safetensors");
  const data = Float32Array.of(1, Number.POSITIVE_INFINITY);
  writeFileSync(
    file,
    writeSafetensors(
      new Map([
        ["rnn/0/W", { shape: [2, 1], data }],
        ["rnn/0/b", { shape: [2], data }],
        ["rnn/0/c", { shape: [2], data }],
      ]),
    ),
  );
  expect(await readInitialWeights({ file, maps: [] }, model)).toEqual({
    ok: false,
    error: [
      {
        code: "init-shape",
        path: "",
        file,
        message: `rnn/0/W in "${file}" has shape [2, 1], but the model needs [1, 2].`,
        hint,
      },
      { code: "init-value", path: "", file, message: `rnn/0/b in "${file}" has values that are not finite.`, hint },
      {
        code: "init-name",
        path: "",
        file,
        message: `"${file}" contains "rnn/0/c", which the model does not have.`,
        hint,
      },
    ],
  });
});

test("a missing file, or other contents", async () => {
  const file = join(temporaryFolder(), "init.safetensors");
  expect(await readInitialWeights({ file, maps: [] }, model)).toEqual({
    ok: false,
    error: [{ code: "file-missing", path: "", file, message: `"${file}" does not exist.`, hint: "" }],
  });
  writeFileSync(file, "no tensors");
  expect(await readInitialWeights({ file, maps: [] }, model)).toMatchObject({
    ok: false,
    error: [{ code: "file-format", file }],
  });
});

test("names of tensors or layers can be mapped or skipped", async () => {
  const file = join(temporaryFolder(), "init.safetensors");
  const [kernel, bias] = [
    { shape: [1, 2], data: Float32Array.of(3, 4) },
    { shape: [2], data: Float32Array.of(1, 2) },
  ];
  writeFileSync(
    file,
    writeSafetensors(
      new Map([
        ["old/0/W", kernel],
        ["bias", bias],
        ["head/W", kernel],
      ]),
    ),
  );
  const maps = [
    { from: "old", to: "rnn" },
    { from: "bias", to: "rnn/0/b" },
    { from: "head", to: "" },
  ];
  expect(await readInitialWeights({ file, maps }, model)).toEqual({
    ok: true,
    value: {
      tensors: new Map([
        ["rnn/0/W", kernel],
        ["rnn/0/b", bias],
      ]),
      notices: [],
    },
  });
});
