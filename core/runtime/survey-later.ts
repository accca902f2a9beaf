import type { PeerId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import type { LinkReport } from '../protocol/messages.ts';
import type { LinkSurvey } from './link-survey.ts';

/** A {@link LinkSurvey} whose code comes with the first other device: alone there is no link to measure. */
export class SurveyLater {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #report: (links: readonly LinkReport[]) => void;
  #survey: LinkSurvey | undefined;
  #loading = false;
  #stopped = false;

  constructor(network: Network, clock: Clock, report: (links: readonly LinkReport[]) => void) {
    this.#network = network;
    this.#clock = clock;
    this.#report = report;
  }

  /** Looks after all links, from the first other device on; to be called again when one comes. */
  start(): void {
    if (this.#survey) this.#survey.start();
    else if (this.#network.peers().length > 0) void this.#load();
  }

  get known(): readonly LinkReport[] {
    return this.#survey?.known ?? [];
  }

  forget(peer: PeerId): void {
    this.#survey?.forget(peer);
  }

  stop(): void {
    this.#stopped = true;
    this.#survey?.stop();
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    // Where it does not come, the next device that does is another occasion.
    const loaded = await import('./link-survey.ts').catch(() => undefined);
    this.#loading = false;
    if (!loaded || this.#stopped) return;
    this.#survey = new loaded.LinkSurvey(this.#network, this.#clock, this.#report);
    this.#survey.start();
  }
}
