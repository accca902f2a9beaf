import { stateOf } from '../../session-page.ts';
import type { Crew, Hand } from './crew.ts';
import type { Tally } from './tally.ts';

/** Reads in the logs of all pages which devices left, and counts those to which nothing had happened. */
export class Alarms {
  readonly #crew: Crew;
  readonly #tally: Tally;
  readonly #read: Map<Hand, number> = new Map();

  constructor(crew: Crew, tally: Tally) {
    this.#crew = crew;
    this.#tally = tally;
  }

  /** Reads what is new. A page that does not answer now is read the next time. */
  async read(): Promise<void> {
    await Promise.all(this.#crew.alive.map((hand) => this.#readOne(hand).catch(() => undefined)));
  }

  async #readOne(reader: Hand): Promise<void> {
    const log = (await stateOf(reader.device.page))?.log ?? [];
    const known = this.#read.get(reader) ?? 0;
    this.#read.set(reader, log[0]?.id ?? known);
    for (const { id, at, peer, what, more } of log) {
      if (id <= known || !what.endsWith(' left.')) continue;
      const left = this.#crew.find(peer);
      if (!left || !isCalm(left, at) || !isCalm(reader, at)) continue;
      const when = new Date(at).toISOString().slice(11, 19);
      this.#tally.falseAlarm(
        `${when} device ${reader.name} says that device ${left.name} left (${more}), but nothing had happened`,
      );
    }
  }
}

function isCalm({ isAlive, disturbedUntil }: Hand, at: number): boolean {
  return isAlive && at > disturbedUntil;
}
