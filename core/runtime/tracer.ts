import type { Epoch, PeerId, RequestId } from '../ids.ts';
import type { Clock } from '../mesh/clock.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { Span } from '../trace/span.ts';
import { SpanRing } from '../trace/span-ring.ts';
import type { SequencePlace } from './asker.ts';
import type { RanItem } from './stage-host.ts';
import type { LoadTimes } from './stage-loading.ts';

/** Shorter waits are the way from one line of code to the next. */
const LEAST_WAIT_MS = 0.05;

/** A device at work notes up to five spans an item: a minute of a large model, seconds of one that takes a millisecond. */
const ITEM_SPANS = 3500;
const RARE_SPANS = 500;

/** Notes what this device does, always: names, times and sizes of the last minutes, for whoever wants to look. */
export class Tracer {
  readonly #me: PeerId;
  readonly #clock: Clock;
  readonly #provider: () => string;
  /** What comes with every item. */
  readonly #items: SpanRing = new SpanRing(ITEM_SPANS);
  /** What happens seldom must not be pushed out by it: losses, plans, loading. */
  readonly #rare: SpanRing = new SpanRing(RARE_SPANS);

  constructor(me: PeerId, clock: Clock, provider: () => string) {
    this.#me = me;
    this.#clock = clock;
    this.#provider = provider;
  }

  get spans(): Span[] {
    return [...this.#rare.spans(), ...this.#items.spans()];
  }

  answered(request: RequestId, epoch: Epoch, { sequence }: SequencePlace, askedAt: number): void {
    const end = this.#clock.now();
    this.#items.note({ kind: 'request', start: askedAt, end, epoch, origin: this.#me, request, sequence });
  }

  ran({ terms, runs, arrivedAt, startedAt, endedAt, computeMs }: RanItem): void {
    const [first, ...others] = runs;
    if (!first) return;
    const { epoch, stage } = terms;
    const { origin, request, sequence } = first;
    const about = { epoch, stage, origin, request, sequence };
    if (startedAt - arrivedAt > LEAST_WAIT_MS)
      this.#items.note({ kind: 'wait', start: arrivedAt, end: startedAt, ...about });
    const note = this.#provider();
    this.#items.note({ kind: 'run', start: startedAt, end: endedAt, amount: computeMs, note, ...about });
    for (const { origin, request, sequence } of others) {
      const shared = { epoch, stage, origin, request, sequence };
      this.#items.note({ kind: 'shared', start: startedAt, end: endedAt, ...shared });
    }
  }

  sent(peer: PeerId, activation: Activation, start: number, bytes: number): void {
    this.#passed('send', peer, activation, start, bytes);
  }

  received(peer: PeerId, activation: Activation, start: number, bytes: number): void {
    this.#passed('receive', peer, activation, start, bytes);
  }

  loaded({ epoch, stage, pieces }: LoadStage, { begunAt, gatheredAt }: LoadTimes): void {
    const amount = pieces.reduce((sum, { length }) => sum + length, 0);
    this.#rare.note({ kind: 'gather', start: begunAt, end: gatheredAt, epoch, stage, amount });
    this.#rare.note({ kind: 'load', start: gatheredAt, end: this.#clock.now(), epoch, stage });
  }

  /** The planner has decided. */
  planned(start: number): void {
    this.#rare.note({ kind: 'plan', start, end: this.#clock.now() });
  }

  moment(
    kind: 'again' | 'failed' | 'plan-runs' | 'leader' | 'peer-up' | 'peer-lost',
    about: Pick<Span, 'peer' | 'request' | 'origin' | 'note' | 'epoch'>,
  ): void {
    const at = this.#clock.now();
    const ring = kind === 'again' || kind === 'failed' ? this.#items : this.#rare;
    ring.note({ kind, start: at, end: at, ...about });
  }

  #passed(
    kind: 'send' | 'receive',
    peer: PeerId,
    activation: Activation,
    start: number,
    amount: number,
  ): void {
    const { epoch, origin, request, sequence, stage } = activation;
    const home = stage === RESULT_STAGE;
    const about = { epoch, origin, request, sequence, peer, ...(!home && { stage }) };
    this.#items.note({ kind, start, end: this.#clock.now(), amount, ...about });
  }
}
