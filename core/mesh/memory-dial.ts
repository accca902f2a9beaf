import type { Clock } from './clock.ts';
import type { Dial, DialListener } from './dial.ts';
import { type MemoryWireOptions, type MemoryWirePair, memoryWirePair } from './memory-wire.ts';

interface Offer {
  readonly listener: DialListener;
  abandoned: boolean;
  pair: MemoryWirePair | undefined;
}

/** Direct connections within one process: the twin of RTC. Offers and answers carry the number of an offer. */
export class MemoryDialler {
  readonly #clock: Clock;
  readonly #offers: Offer[] = [];
  /** False: attempts hang, as behind a firewall that swallows everything. */
  reachable = true;
  /** Attempts fail at once with this reason. */
  refusal: string | undefined;
  conditions: Omit<MemoryWireOptions, 'clock' | 'kind'>;

  constructor(clock: Clock, conditions: MemoryDialler['conditions'] = {}) {
    this.#clock = clock;
    this.conditions = conditions;
  }

  /** How many attempts were begun. */
  get attempts(): number {
    return this.#offers.length;
  }

  /** Every pair of wires made so far, oldest first. */
  get pairs(): readonly MemoryWirePair[] {
    return this.#offers.flatMap(({ pair }) => (pair ? [pair] : []));
  }

  readonly dial: Dial = ({ initiator }, listener) => {
    if (this.refusal !== undefined) {
      const { refusal } = this;
      this.#clock.setTimeout(() => listener.failed(refusal), 0);
      return { signal: () => undefined, abandon: () => undefined };
    }
    let offer: Offer | undefined;
    let abandoned = false;
    if (initiator) {
      const index = this.#offers.length;
      offer = { listener, abandoned: false, pair: undefined };
      this.#offers.push(offer);
      this.#clock.setTimeout(() => listener.signal(JSON.stringify({ offer: index })), 0);
    }
    return {
      signal: (text) => {
        const { offer: offered, answer } = JSON.parse(text) as { offer?: number; answer?: number };
        if (offered !== undefined) {
          offer = this.#offers[offered];
          if (this.reachable) listener.signal(JSON.stringify({ answer: offered }));
          if (this.reachable && offer) this.#connect(offer, listener, () => abandoned);
        }
        if (answer !== undefined && offer?.pair && !offer.abandoned) listener.connected(offer.pair.left);
      },
      abandon: () => {
        abandoned = true;
        if (offer && initiator) offer.abandoned = true;
        offer?.pair?.[initiator ? 'left' : 'right'].close('abandoned');
      },
    };
  };

  #connect(offer: Offer, answering: DialListener, abandoned: () => boolean): void {
    const pair = memoryWirePair({ ...this.conditions, clock: this.#clock, kind: 'direct' });
    offer.pair = pair;
    this.#clock.setTimeout(() => {
      if (!abandoned()) answering.connected(pair.right);
    }, 2);
  }
}
