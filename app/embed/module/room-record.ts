import type { Device, LogLine, Plan, RoomEvents, RoomState } from '../../../public/potluck.d.ts';
import type { News } from '../channel.ts';

/** As on the page. */
const LOG_KEPT = 200;

type Listeners = { readonly [T in keyof RoomEvents]: Set<(news: RoomEvents[T]) => void> };

const BEFORE: RoomState = {
  phase: 'opening',
  ended: null,
  server: 'connecting',
  me: '',
  leader: null,
  mode: 'everyone',
  model: { kind: 'none' },
  preparing: null,
};

/** What the frame told last of the room, and who wants to hear of it. */
export class RoomRecord {
  state: RoomState = BEFORE;
  devices: readonly Device[] = [];
  plan: Plan | null = null;
  log: readonly LogLine[] = [];
  readonly #listeners: Listeners = { state: new Set(), devices: new Set(), plan: new Set(), log: new Set() };

  on<T extends keyof RoomEvents>(topic: T, listener: (news: RoomEvents[T]) => void): () => void {
    // A listener that is there twice is called twice.
    const own = (news: RoomEvents[T]): void => listener(news);
    this.#listeners[topic].add(own);
    return () => void this.#listeners[topic].delete(own);
  }

  /** All of it is in place before anybody is told. */
  take({ state, devices, plan, log = [] }: News): void {
    if (state) this.state = state;
    if (devices) this.devices = devices;
    if (plan !== undefined) this.plan = plan;
    if (log.length > 0) this.log = [...this.log, ...log].slice(-LOG_KEPT);
    if (state) this.#tell('state', state);
    if (devices) this.#tell('devices', devices);
    if (plan !== undefined) this.#tell('plan', plan);
    for (const line of log) this.#tell('log', line);
  }

  /** A site's own mistake in one listener must not keep the news from the others. */
  #tell<T extends keyof RoomEvents>(topic: T, news: RoomEvents[T]): void {
    for (const listener of [...this.#listeners[topic]]) {
      try {
        listener(news);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
