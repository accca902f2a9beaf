import { linkLookup, msPerByte, steadyMsPerByte } from './links.ts';
import type { PlanBlock, PlanDevice, PlanRoom } from './room.ts';

/** A room as the searches read it: devices by index, times in ms, bytes per boundary. */
export interface Tables {
  readonly room: PlanRoom;
  readonly count: number;
  readonly blocks: number;
  readonly blockMs: readonly Float64Array[];
  readonly perItemMs: Float64Array;
  /** Per device, length blocks + 1: the largest end for which [start, end) fits; start when not even one block does. */
  readonly latest: readonly Uint16Array[];
  /** Index of home among the devices, or -1 when it may hold nothing. */
  readonly homeDevice: number;
  /** Square over devices and home (the last row and column); Infinity where a pair cannot talk. */
  readonly delayMs: Float64Array;
  /** As {@link delayMs}: what one byte adds to the time of a message. */
  readonly byteMs: Float64Array;
  /** The same: how long one byte occupies the link. */
  readonly steadyByteMs: Float64Array;
  /** Length blocks + 1: what crosses before block 0, after each block, the result last. */
  readonly bytes: Float64Array;
  /** By device * (blocks + 1) + boundary: packing that a stage costs its device by beginning there. */
  readonly packInMs: Float64Array;
  /** The same for ending there. */
  readonly packOutMs: Float64Array;
}

/** @throws RangeError when a device has not exactly one time, finite and at least 0, for each block. */
export function tablesOf(room: PlanRoom): Tables {
  const { devices, blocks, home } = room;
  for (const { id, blockMs } of devices) {
    if (blockMs.length !== blocks.length || !blockMs.every((ms) => ms >= 0 && ms < Infinity)) {
      throw new RangeError(`device ${id} needs ${blocks.length} finite times, got [${blockMs}]`);
    }
  }
  const link = linkLookup(room.links);
  const ids = [...devices.map((device) => device.id), home];
  const pairs = ids.flatMap((from) => ids.map((to) => ({ same: from === to, link: link(from, to) })));
  const bytes = Float64Array.from([room.inputBytes, ...blocks.map((block) => block.outputBytes)]);
  return {
    room,
    count: devices.length,
    blocks: blocks.length,
    blockMs: devices.map((device) => Float64Array.from(device.blockMs)),
    perItemMs: Float64Array.from(devices, (device) => device.perItemMs ?? 0),
    latest: devices.map((device) => latestEnds(blocks, device)),
    homeDevice: devices.findIndex((device) => device.id === home),
    delayMs: Float64Array.from(pairs, ({ same, link }) => (same ? 0 : (link?.delayMs ?? Infinity))),
    byteMs: Float64Array.from(pairs, ({ same, link }) => (same || !link ? 0 : msPerByte(link))),
    steadyByteMs: Float64Array.from(pairs, ({ same, link }) => (same || !link ? 0 : steadyMsPerByte(link))),
    bytes,
    ...packing(room, bytes),
  };
}

/** Where home holds a stage in the middle of a chain, it also sends the input and receives the result. */
function packing(room: PlanRoom, bytes: Float64Array): Pick<Tables, 'packInMs' | 'packOutMs'> {
  const last = room.blocks.length;
  const width = last + 1;
  const packInMs = new Float64Array(room.devices.length * width);
  const packOutMs = new Float64Array(room.devices.length * width);
  room.devices.forEach((own, device) => {
    const isHome = own.id === room.home;
    const endsElsewhere = isHome && !room.endsAtHome;
    const input = endsElsewhere ? packingMs(own, bytes[0] ?? 0) : 0;
    const result = endsElsewhere ? packingMs(own, bytes[last] ?? 0) : 0;
    bytes.forEach((size, at) => {
      packInMs[device * width + at] = isHome && at === 0 ? 0 : packingMs(own, size) + input;
      packOutMs[device * width + at] = isHome && at === last ? 0 : packingMs(own, size) + result;
    });
  });
  return { packInMs, packOutMs };
}

/** Computing that a message of so many bytes costs a device at its end of a link. */
export function packingMs(
  { packMsPerByte = 0, packMsPerMessage = 0 }: Pick<PlanDevice, 'packMsPerByte' | 'packMsPerMessage'>,
  bytes: number,
): number {
  return packMsPerMessage + packMsPerByte * bytes;
}

/** Sums run from the start of each stage, so that a stage that fills a device to the byte is judged as others do. */
function latestEnds(blocks: readonly PlanBlock[], device: PlanDevice): Uint16Array {
  return Uint16Array.from({ length: blocks.length + 1 }, (_, start) => {
    const held = new Holding(device);
    let end = start;
    for (let block = blocks[end]; block && held.takes(block); block = blocks[end]) end++;
    return end;
  });
}

/** What a device holds, block by block. */
export class Holding {
  readonly #device: PlanDevice;
  #weights = 0;
  #workspace = 0;

  constructor(device: PlanDevice) {
    this.#device = device;
  }

  /** Adds a block; false when it does not fit with what is held already. */
  takes({ weightBytes, workspaceBytes, largestTensorBytes }: PlanBlock): boolean {
    this.#weights += weightBytes;
    this.#workspace = Math.max(this.#workspace, workspaceBytes);
    return (
      this.#weights + this.#workspace <= this.#device.memoryBytes &&
      (largestTensorBytes ?? 0) <= (this.#device.largestTensorBytes ?? Infinity)
    );
  }
}
