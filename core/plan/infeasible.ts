import { stageBytes } from './estimate.ts';
import { megabytes } from './quantities.ts';
import type { PlanRoom } from './room.ts';

/** Why no plan was found, in one sentence that says what would help. */
export function whyNoPlan(room: PlanRoom): string {
  const { blocks, devices } = room;
  if (blocks.length === 0) return 'The model has no layers.';
  if (devices.length === 0) return 'There is no device that may hold layers.';
  const largest = Math.max(...devices.map((device) => device.memoryBytes));
  const tooBig = blocks.findIndex((_, block) => stageBytes(room, block, block + 1) > largest);
  if (tooBig >= 0) {
    const needed = megabytes(stageBytes(room, tooBig, tooBig + 1));
    return `Layer ${tooBig + 1} needs ${needed}, and the device with the most memory may use ${megabytes(largest)}.`;
  }
  const buffer = Math.max(...devices.map((device) => device.largestTensorBytes ?? Infinity));
  const tooLong = blocks.findIndex((block) => (block.largestTensorBytes ?? 0) > buffer);
  if (tooLong >= 0) {
    const needed = megabytes(blocks[tooLong]?.largestTensorBytes ?? 0);
    return `Layer ${tooLong + 1} has a weight of ${needed}, and the graphics processors here take ${megabytes(buffer)} in one piece.`;
  }
  const weights = blocks.reduce((total, block) => total + block.weightBytes, 0);
  const memory = devices.reduce((total, device) => total + device.memoryBytes, 0);
  const sizes = `The model's layers take ${megabytes(weights)}, and the devices may use ${megabytes(memory)} in all`;
  if (weights > memory) return `${sizes}. Add a device or choose a smaller model.`;
  const wanted = [
    'holds every layer',
    ...(devices.some(({ required }) => required) ? ['includes each device that must take part'] : []),
    ...(room.endsAtHome ? ['leaves the first and the last layers at home'] : []),
  ];
  return `${sizes}, but no chain of devices that can talk to each other was found that ${inWords(wanted)}.`;
}

function inWords(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
