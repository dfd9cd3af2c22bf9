/** Trainings that want one run directory at the same time: one has it. `npm run build` first. */
import { join } from "node:path";
import { rnnx, root, temporaryFolder, watched } from "../support/training-processes.mjs";
import { report } from "./report.mjs";

const processes = 20;
const out = join(temporaryFolder(), "run");
const args = [rnnx, "train", join(root, "specs/ship.json"), "--steps", "3000", "--out", out];
const ended = await Promise.all(Array.from({ length: processes }, () => watched(args)));
const winners = ended.filter(({ code }) => code === 0).length;
const refused = ended.filter(({ code, stderr }) => code === 1 && stderr.includes("is in use")).length;
report("processes", { processes, winners, refused });
if (winners < 1 || winners + refused !== processes) process.exitCode = 1;
