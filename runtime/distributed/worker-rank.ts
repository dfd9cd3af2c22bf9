/** All ranks but rank 0: execute the commands of rank 0, without output of their own. */
import { elementCount } from "../tensors/array.js";
import { feedsOf } from "../tensors/ort.js";
import type { Tensors } from "../tensors/safetensors.js";
import type { TrainRequest } from "../training/request.js";
import type { Trainer } from "../training/trainer.js";
import { bytesOf, type Communicator } from "./communicator.js";
import type { Launch } from "./launcher.js";
import { receiveCommand, runStepsOnAllRanks, type TensorHeader } from "./protocol.js";
import { setUpRank } from "./rank-setup.js";

/** Returns at rank 0's end command. */
export async function runWorkerRank(
  request: TrainRequest,
  communicator: Communicator,
  launch: Launch,
  shouldStop: () => boolean,
): Promise<void> {
  // Only rank 0 reads initial weights and writes the run directory.
  const setupResult = await setUpRank({ ...request, init: null }, communicator, launch);
  if (!setupResult.ok) return;
  const setup = setupResult.value;
  let trainer: Trainer | undefined;
  const activeTrainer = (): Trainer => {
    if (trainer === undefined) throw new Error("A command of rank 0 came before its start command.");
    return trainer;
  };
  for (;;) {
    const command = receiveCommand(communicator);
    switch (command.type) {
      case "start": {
        const { step, tensors } = command;
        const tensorsOf = tensorsByGroup(tensors, receiveTensors(communicator, tensors));
        trainer = setup.openTrainer({
          step,
          parameters: tensorsOf("parameters"),
          slots: tensorsOf("slots"),
          states: tensorsOf("states"),
        });
        break;
      }
      case "run-steps": {
        const { first, steps, learningRateScale } = command;
        await runStepsOnAllRanks(communicator, shouldStop, () =>
          activeTrainer().runSteps(first, steps, learningRateScale),
        );
        break;
      }
      case "reset_states":
        activeTrainer().resetStates();
        break;
      case "gather":
        await activeTrainer().tensors(command.role);
        break;
      case "evaluate": {
        const examples = new Uint32Array(command.examples);
        communicator.broadcast(bytesOf(examples));
        const weights = receiveTensors(communicator, setup.planned.artifact.manifest.parameters);
        await setup.sharedEvaluator.metrics(feedsOf(weights), examples, command.batchSize);
        break;
      }
      case "end":
        return;
    }
  }
}

function receiveTensors(communicator: Communicator, tensors: readonly Pick<TensorHeader, "name" | "shape">[]): Tensors {
  const entries = tensors.map(({ name, shape }) => {
    const data = new Float32Array(elementCount(shape));
    communicator.broadcast(bytesOf(data));
    return [name, { shape, data }] as const;
  });
  return new Map(entries);
}

function tensorsByGroup(headers: readonly TensorHeader[], tensors: Tensors): (group: TensorHeader["group"]) => Tensors {
  const groups = new Map(headers.map(({ name, group: groupName }) => [name, groupName]));
  return (group) => new Map([...tensors].filter(([name]) => groups.get(name) === group));
}
