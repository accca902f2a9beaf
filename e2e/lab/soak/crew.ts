import type { PeerId } from '../../../core/ids.ts';
import { type Device, launchDevice } from '../../browser.ts';
import { browserBytes } from '../../process-memory.ts';
import type { Room } from '../../room.ts';
import { stateOf, until } from '../../session-page.ts';
import { freeze, kill } from '../faults/inflict.ts';

/** Called in the page for each token or item. */
const HEARD = 'soakHeard';

/** A browser of the soak, for as long as it lives. */
export interface Hand {
  readonly device: Device;
  readonly peer: PeerId;
  readonly name: number;
  isAlive: boolean;
  /** Nothing that it does before this moment says anything of the product. */
  disturbedUntil: number;
}

/** After so long nobody writes any more that a killed device left; links that were slow to notice have by then. */
const NOTICED_MS = 30_000;

/** The browsers of a room that come and go. */
export class Crew {
  readonly #link: string;
  readonly #heard: (line: number, asker: number) => void;
  /** All that were ever there. */
  readonly hands: Hand[] = [];

  private constructor(link: string, heard: (line: number, asker: number) => void) {
    this.#link = link;
    this.#heard = heard;
  }

  /** Takes over the browsers of a room. `heard` is told of each token and item, by its line and the device's name. */
  static async of(room: Room, heard: (line: number, asker: number) => void): Promise<Crew> {
    const crew = new Crew(room.link, heard);
    for (const device of room.devices) await crew.#add(device);
    return crew;
  }

  get alive(): readonly Hand[] {
    return this.hands.filter(({ isAlive }) => isAlive);
  }

  find(peer: string | null): Hand | undefined {
    return this.hands.find((hand) => hand.peer === peer);
  }

  kill(hand: Hand): void {
    hand.isAlive = false;
    hand.disturbedUntil = Date.now() + NOTICED_MS;
    kill(hand.device);
    // Its folder goes now, so that a long soak does not fill the disk.
    void hand.device.close().catch(() => undefined);
  }

  freeze(hand: Hand, seconds: number): void {
    hand.disturbedUntil = Date.now() + seconds * 1000 + NOTICED_MS;
    freeze(hand.device, seconds);
  }

  /** Somebody comes in by the link, as a new browser. */
  async rejoin(): Promise<Hand> {
    const device = await launchDevice();
    await device.page.goto(this.#link);
    // Before that nobody can ask in it.
    await until(device.page, 'the model is known', ({ model }) => model.kind === 'ready');
    return this.#add(device);
  }

  /** Of the living, least and most, in words. */
  memory(): string {
    const sizes = this.alive.map(({ device }) => browserBytes(device.profile) ?? 0);
    return `pages ${megabytes(Math.min(...sizes))}-${megabytes(Math.max(...sizes))} MB`;
  }

  async close(): Promise<void> {
    await Promise.all(this.alive.map(({ device }) => device.close().catch(() => undefined)));
  }

  async #add(device: Device): Promise<Hand> {
    const name = this.hands.length;
    await device.page.exposeFunction(HEARD, (line: number) => this.#heard(line, name));
    const limit = Date.now() + 60_000;
    let peer = (await stateOf(device.page))?.me;
    while (!peer) {
      if (Date.now() > limit) throw new Error('A browser did not come into the room.');
      await new Promise((resolve) => setTimeout(resolve, 100));
      peer = (await stateOf(device.page))?.me;
    }
    const hand = { device, peer, name, isAlive: true, disturbedUntil: 0 };
    this.hands.push(hand);
    return hand;
  }
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
