import { join } from 'node:path';
import type { Page } from 'playwright';
import { labModel } from '../../e2e/lab/model-files.ts';
import { openModel } from '../../e2e/lab/room-model.ts';
import { ROOT } from '../../e2e/repository.ts';
import { type PotluckWindow, until } from '../../e2e/session-page.ts';
import { type LabRoom, withLabRoom } from '../lab-room.ts';
import type { Section } from '../section.ts';

const CONVERSATIONS = 1000;
const AT_ONCE = 8;
const NEW_TOKENS = 4;
const REPORTS = 5;
/** Growth from the first fifth to the last that counts as flat: what a collector leaves lying about. */
const FLAT_BYTES = 4e6;

interface Memory {
  readonly conversations: number;
  /** Of each device: the page's own heap after a collection, and what its workers take, states included. */
  readonly pageBytes: readonly number[];
  readonly workerBytes: readonly number[];
  readonly keptSequences: readonly number[];
}

/** A thousand short conversations over two devices: does anything grow? */
export const keptMemory: Section = async () => {
  const model = await labModel(join(ROOT, 'public/models/bard/model.onnx'));
  const found = await withLabRoom({ devices: 2 }, async (room) => {
    await openModel(room.leader.page, { model }, 'everyone');
    const memory: Memory[] = [];
    for (let done = 0; done < CONVERSATIONS; ) {
      const next = Math.round(CONVERSATIONS / REPORTS);
      await Promise.all(room.devices.map(({ page }) => talk(page, next / room.devices.length)));
      done += next;
      memory.push(await look(room, done));
      console.error(`memory: ${done} of ${CONVERSATIONS} conversations`);
    }
    return memory;
  });
  const [first, last] = [found[0], found.at(-1)];
  const growth = (key: 'pageBytes' | 'workerBytes'): number =>
    Math.max(...(last?.[key] ?? []).map((bytes, at) => bytes - (first?.[key][at] ?? 0)));
  const kept = Math.max(...(last?.keptSequences ?? [0]));
  const good = growth('pageBytes') <= FLAT_BYTES && growth('workerBytes') <= FLAT_BYTES && kept === 0;
  const text = [
    `${CONVERSATIONS} conversations of ${NEW_TOKENS} words over two devices (bard), ${AT_ONCE} at once`,
    ...found.map(
      ({ conversations, pageBytes, workerBytes, keptSequences }) =>
        `after ${String(conversations).padStart(4)}  pages ${inMB(pageBytes)}  workers ${inMB(workerBytes)}  ` +
        `pasts kept ${keptSequences.join(' and ')}`,
    ),
    `growth since the first ${found[0]?.conversations}: pages ${mb(growth('pageBytes'))}, workers ` +
      `${mb(growth('workerBytes'))} (<= ${mb(FLAT_BYTES)})  ${good ? 'good' : 'poor'}`,
  ].join('\n');
  return { text, good, data: found };
};

/** So many conversations one after another, several at a time. */
function talk(page: Page, count: number): Promise<void> {
  return page.evaluate(
    async ({ count, atOnce, newTokens }) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      let left = count;
      const talkOn = async (): Promise<void> => {
        while (left-- > 0) await potluck.write(`Line ${left}, my lord:`, { maxNewTokens: newTokens });
      };
      await Promise.all(Array.from({ length: atOnce }, talkOn));
    },
    { count, atOnce: AT_ONCE / 2, newTokens: NEW_TOKENS },
  );
}

async function look(room: LabRoom, conversations: number): Promise<Memory> {
  const at = Date.now();
  const pageBytes = await Promise.all(room.devices.map(({ page }) => heapOf(page)));
  const states = await Promise.all(
    room.devices.map(({ page }) =>
      // A report of after the last of them.
      until(page, 'each device tells of its memory', ({ me, devices }) =>
        devices.some(({ card, load }) => card.peer === me && load.at > at),
      ),
    ),
  );
  const own = states.map(({ me, devices }) => devices.find(({ card }) => card.peer === me)?.load);
  return {
    conversations,
    pageBytes,
    workerBytes: own.map((load) => load?.memoryBytes ?? 0),
    keptSequences: own.map((load) => load?.sequences ?? 0),
  };
}

/** Of the page's scripts, after a collection. */
async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

function inMB(bytes: readonly number[]): string {
  return bytes.map(mb).join(' and ');
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
