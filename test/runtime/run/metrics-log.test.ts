import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrainEvent } from "../../../runtime/events.js";
import { openMetricsLog } from "../../../runtime/run/metrics-log.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const step = (number: number): TrainEvent => ({
  event: "step",
  step: number,
  loss: 0.5,
  gradient_norm: 1,
  learning_rate: 0.1,
});
const evaluationEvent = (number: number): TrainEvent => ({
  event: "evaluation",
  epoch: 1,
  step: number,
  metrics: { train: { loss: 1 }, validation: {}, test: {} },
});

test("steps and evaluations are lines, other events are not", () => {
  const path = join(temporaryFolder(), "metrics.jsonl");
  const file = openMetricsLog(path, 0);
  file.append([{ event: "notice", message: "x" }, step(1), evaluationEvent(1)]);
  file.append([]);
  file.sync();
  file.close();
  expect(readFileSync(path, "utf8")).toBe(
    '{"event":"step","step":1,"loss":0.5,"gradient_norm":1,"learning_rate":0.1}\n' +
      '{"event":"evaluation","epoch":1,"step":1,"metrics":{"train":{"loss":1},"validation":{},"test":{}}}\n',
  );
});

test("a resumed run removes the lines after its checkpoint, and incomplete ones", () => {
  const path = join(temporaryFolder(), "metrics.jsonl");
  const lines = [step(1), step(2), evaluationEvent(2), step(3), step(4)].map((event) => JSON.stringify(event));
  for (const end of ["", '{"event":"st', "\n", "null\n"]) {
    writeFileSync(path, `${lines.join("\n")}\n${end}`);
    openMetricsLog(path, 2).close();
    expect(readFileSync(path, "utf8")).toBe(`${lines.slice(0, 3).join("\n")}\n`);
  }
  writeFileSync(path, `${lines[0]}\n{"step":1,\n${lines[2]}\n`);
  openMetricsLog(path, 9).close();
  expect(readFileSync(path, "utf8")).toBe(`${lines[0]}\n`);
});
