/** Every spec of the gallery in every form it has: the exported file says what the training's forward pass says. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { exportForms } from "../../compiler/export/options.js";
import { exportSubject } from "../../runtime/export/index.js";
import type { Subject } from "../../runtime/export/subject.js";
import { needsWhole } from "../../schema/streaming.js";
import { temporaryFolder } from "../runtime/folder.js";
import { smallGallerySubject } from "./subjects.js";

const names = readdirSync(fileURLToPath(new URL("../../specs", import.meta.url)))
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length));

function refusalOf(form: (typeof exportForms)[number], { spec, metadata }: Subject): string | undefined {
  if (form === "generate" && metadata.type !== "text") return "not-text";
  return form !== "sequence" && needsWhole(spec.model) !== undefined ? "not-streaming" : undefined;
}

describe.each(names)("%s", (name) => {
  test.each(exportForms)("in the %s form", async (form) => {
    const subject = await smallGallerySubject(name);
    const out = join(temporaryFolder(), "model.onnx");
    const outcome = await exportSubject(subject, { out, form, opset: 17, loops: "operators", unroll: null });
    const refusal = refusalOf(form, subject);
    if (refusal !== undefined) {
      expect(outcome).toMatchObject({ ok: false, kind: "input", problems: [{ code: refusal }] });
      return;
    }
    expect(outcome).toMatchObject({ ok: true });
    if (!outcome.ok) return;
    expect(outcome.verification.difference).toBeLessThan(1e-5);
    expect(outcome.verification.runs).toHaveLength(3);
  });
});
