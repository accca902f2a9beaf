import { randomBytes } from 'node:crypto';
import type { Room } from '../room.ts';
import { countOf, type Exchange, type Post, type Stored } from './exchange.ts';
import { type Hall, recordIn } from './hall.ts';
import { writeLetter } from './letters.ts';
import { MailBag } from './mail.ts';
import { processesIn, recordOf, roomOf } from './room-record.ts';

/** Does something to a room and returns it, or the one that takes its place. Runs again when others were quicker. */
export type Act = (room: Room | undefined, bag: MailBag) => Room | undefined;

/** Another process was quicker so many times; each of them does one thing to a room at a time. */
const MOST_TRIES = 200;

/** The exchange does not answer: nothing was done, or nobody knows. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
}

export interface Agreed {
  /** What the visitors of this process are told. */
  readonly bag: MailBag;
  /** Processes that have visitors of the room by its record, and are not there any more. */
  readonly absent: readonly string[];
}

/**
 * Changes a room as if this process were alone: works on what it knows, and on the newest state wherever that is not
 * it. Other processes with visitors of the room are told in the same moment. The hall knows the outcome afterwards.
 * @throws AwayError
 */
export async function agree(hall: Hall, exchange: Exchange, now: number, act: Act): Promise<Agreed> {
  const known = hall.record;
  const hasInsiders = hall.insiders().length > 0;
  let { stored } = hall;
  let isNewest = false;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (!stored && !isNewest) {
      stored = await answer(exchange.load(hall.id));
      isNewest = true;
    }
    const bag = new MailBag();
    // What those inside are in cannot be over: it was forgotten, and is put back.
    const before = stored ? recordIn(stored) : hasInsiders ? known : undefined;
    const room = before && roomOf(before, bag.visitorAt, now);
    room?.tick(now);
    const after = unlessOver(act(unlessOver(room, now), bag), now);
    const record = after && recordOf(after, bag.seatOf);
    const text = record && JSON.stringify(record);
    if (text === stored?.text) {
      // What changes nothing is not compared with the newest state, so it must be that.
      if (isNewest) {
        hall.know(stored);
        return { bag, absent: [] };
      }
      stored = undefined;
      continue;
    }
    const next = text === undefined ? undefined : { tag: nextTag(stored, hall.count), text };
    const others = new Set([...processesIn(before), ...processesIn(record), ...bag.processes()]);
    others.delete(exchange.name);
    const posts = [...others].map((to): Post => {
      const letter = { type: 'changed', room: hall.id, stored: next, mail: bag.for(to) } as const;
      return { to, bytes: writeLetter(letter) };
    });
    const changed = await answer(exchange.change(hall.id, { before: stored?.tag, after: next, posts }));
    if (changed.done) {
      hall.know(next);
      hall.keptAt = now;
      return { bag, absent: changed.absent };
    }
    stored = changed.now;
    isNewest = true;
  }
  throw new AwayError(`a room changed ${MOST_TRIES} times while one change to it was tried`);
}

function unlessOver(room: Room | undefined, now: number): Room | undefined {
  if (!room?.isOver(now)) return room;
  room.close();
  return undefined;
}

/** One that was forgotten and is put back counts on: others who knew it take what is older for old news. */
function nextTag(stored: Stored | undefined, known: number): string {
  const count = (Math.max(stored ? countOf(stored) : 0, known) + 1) % 2 ** 32;
  return count.toString(16).padStart(8, '0') + randomBytes(4).toString('hex');
}

async function answer<T>(asked: Promise<T>): Promise<T> {
  return asked.catch((cause: unknown) => {
    throw new AwayError('the exchange does not answer', { cause });
  });
}
