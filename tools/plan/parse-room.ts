import * as v from 'valibot';
import type { PlanRoom } from '../../core/plan/room.ts';

/** Rooms of the file contract are bounded, so that tables fit a laptop: 64 devices and 1,000 blocks take 0.3 GB. */
const MOST_DEVICES = 64;
const MOST_BLOCKS = 1000;
const MOST_LINKS = MOST_DEVICES * (MOST_DEVICES + 1);
/** Above any size or time; sums and products of such numbers stay finite. */
const MOST = 1e18;

const OBJECTIVES = '"latency", "throughput", { "items": at least 1 } or { "everyMs": above 0 }';

const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(MOST));
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));

const roomSchema: v.GenericSchema<unknown, PlanRoom> = v.object({
  objective: v.union([
    v.picklist(['latency', 'throughput']),
    v.object({ items: v.pipe(v.number(), v.minValue(1), v.maxValue(1e12)) }),
    v.object({ everyMs: v.pipe(v.number(), v.gtValue(0), v.maxValue(MOST)) }),
  ]),
  home: name,
  inputBytes: amount,
  blocks: v.pipe(
    v.array(
      v.object({
        weightBytes: amount,
        workspaceBytes: amount,
        outputBytes: amount,
        largestTensorBytes: v.exactOptional(amount),
      }),
    ),
    v.maxLength(MOST_BLOCKS),
  ),
  devices: v.pipe(
    v.array(
      v.object({
        id: name,
        memoryBytes: amount,
        blockMs: v.pipe(v.array(amount), v.maxLength(MOST_BLOCKS)),
        largestTensorBytes: v.exactOptional(amount),
        required: v.exactOptional(v.boolean()),
        perItemMs: v.exactOptional(amount),
        packMsPerByte: v.exactOptional(amount),
        packMsPerMessage: v.exactOptional(amount),
      }),
    ),
    v.maxLength(MOST_DEVICES),
  ),
  links: v.pipe(
    v.array(v.object({ from: name, to: name, delayMs: amount, mbitPerSec: amount })),
    v.maxLength(MOST_LINKS),
  ),
  endsAtHome: v.exactOptional(v.boolean()),
});

/**
 * A room of the planner's file contract; fields that are not of it are dropped.
 * @throws RangeError that names the field, what was expected and what was found.
 */
export function parseRoom(text: string): PlanRoom {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new RangeError(`expected JSON, got ${JSON.stringify(text.slice(0, 40))}`, { cause: error });
  }
  const parsed = v.safeParse(roomSchema, data);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = v.getDotPath(issue) ?? 'the room';
    const expected = issue.type === 'union' ? OBJECTIVES : (issue.expected ?? issue.message);
    throw new RangeError(`${field}: expected ${expected}, got ${JSON.stringify(issue.input)?.slice(0, 80)}`);
  }
  const room = parsed.output;
  const wanted = room.blocks.length;
  room.devices.forEach(({ id, blockMs }, at) => {
    if (blockMs.length !== wanted) {
      const field = `devices.${at}.blockMs`;
      throw new RangeError(`${field}: expected ${wanted} times, one for each block, got ${blockMs.length}`);
    }
    if (room.devices.findIndex((device) => device.id === id) < at) {
      throw new RangeError(`devices.${at}.id: expected an id that comes once, got "${id}" again`);
    }
  });
  return room;
}
