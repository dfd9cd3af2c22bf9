/** Every rank but the first: does what rank 0 says, and says nothing itself. */
import type { TrainRequest } from "../events.js";
import type { Tensors } from "../safetensors.js";
import { feedsOf } from "../tensors.js";
import type { Trainer } from "../trainer.js";
import { type Announced, advanceTogether, listen } from "./commands.js";
import type { Launch } from "./launcher.js";
import { openMember } from "./member.js";
import { bytesOf, type Ranks } from "./ranks.js";

/** Returns when rank 0 has said that it is over. */
export async function follow(
  request: TrainRequest,
  ranks: Ranks,
  launch: Launch,
  stopping: () => boolean,
): Promise<void> {
  // First weights and the run directory are rank 0's.
  const membership = await openMember({ ...request, init: null }, ranks, launch);
  if (!membership.ok) return;
  const { member } = membership;
  let trainer: Trainer | undefined;
  const started = (): Trainer => {
    if (trainer === undefined) throw new Error("Rank 0 goes on with what it has not started.");
    return trainer;
  };
  for (;;) {
    const command = listen(ranks);
    switch (command.do) {
      case "start": {
        const { step, tensors } = command;
        const of = ofGroups(tensors, receive(ranks, tensors));
        trainer = member.openTrainer({ step, parameters: of("parameters"), slots: of("slots"), states: of("states") });
        break;
      }
      case "advance": {
        const { first, steps, rateScale } = command;
        await advanceTogether(ranks, stopping, () => started().advance(first, steps, rateScale));
        break;
      }
      case "restart":
        started().restart();
        break;
      case "read":
        await started().tensors(command.role);
        break;
      case "evaluate": {
        const examples = new Uint32Array(command.examples);
        ranks.broadcast(bytesOf(examples));
        const weights = receive(ranks, member.planned.artifact.manifest.parameters);
        await member.shared.metrics(feedsOf(weights), examples, command.batchSize);
        break;
      }
      case "end":
        return;
    }
  }
}

function receive(ranks: Ranks, tensors: readonly Pick<Announced, "name" | "shape">[]): Tensors {
  const received = tensors.map(({ name, shape }) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    ranks.broadcast(bytesOf(data));
    return [name, { shape, data }] as const;
  });
  return new Map(received);
}

function ofGroups(announced: readonly Announced[], tensors: Tensors): (group: Announced["of"]) => Tensors {
  const groups = new Map(announced.map(({ name, of }) => [name, of]));
  return (group) => new Map([...tensors].filter(([name]) => groups.get(name) === group));
}
