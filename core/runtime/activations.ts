import type { PeerId } from '../ids.ts';
import { decodeActivation, encodeActivation } from '../protocol/frame.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import { holdsLayers } from '../session/holders.ts';
import { type Answered, Asker, type AskerNews } from './asker.ts';
import { guard } from './guard.ts';
import { mayDeliver } from './may-deliver.ts';
import { type OwnStagesOptions, ownStages } from './own-stages.ts';
import type { StageHost } from './stage-host.ts';

export interface ActivationsOptions extends OwnStagesOptions {
  /** An answer to this page is here; nothing of it may be kept without a copy. */
  readonly answered: (answer: Answered) => void;
}

/** The way of activations between what this page asks, what this device computes, and the other devices. */
export class Activations {
  readonly asker: Asker;
  readonly host: StageHost;
  readonly #options: ActivationsOptions;

  constructor(options: ActivationsOptions) {
    this.#options = options;
    const { network, clock, answered } = options;
    this.asker = new Asker({
      me: network.me,
      clock,
      forward: (to, activation) => this.#forward(to, keep(activation, to === network.me)),
      answered,
      endSequence: (sequence) => {
        this.host.endSequence(network.me, sequence);
        for (const peer of network.peers()) network.sendControl(peer, { type: 'end-sequence', sequence });
      },
      news: askerNews(options),
    });
    this.host = ownStages(options, {
      forward: (to, activation) => this.#forward(to, activation),
      requestFailed: (activation, step, message) => this.#failRequest(activation, step, message),
    });
  }

  /** An activation from another device. @throws ProtocolError */
  arrived(peer: PeerId, bytes: Uint8Array<ArrayBuffer>): void {
    const { clock, emit, tracing } = this.#options;
    const wholeAt = clock.now();
    const activation = decodeActivation(bytes);
    guard(
      () => {
        if (!mayDeliver(peer, activation, this.asker.plan, this.host)) return;
        tracing.now?.tracer.received(peer, activation, wholeAt, bytes.byteLength);
        this.#deliver(peer, activation);
      },
      emit,
      clock,
    );
  }

  /** Whoever could not reach this device could not tell it either. */
  peerUp(peer: PeerId): void {
    const { plan } = this.asker;
    if (plan && holdsLayers(plan, peer)) this.asker.hopBroken(plan.epoch);
  }

  /** What was on the way to or from a holder is lost with its link, also where everybody else still sees it. */
  peerDown(peer: PeerId): void {
    const { plan } = this.asker;
    if (!plan || !holdsLayers(plan, peer)) return;
    const { network } = this.#options;
    if (holdsLayers(plan, network.me)) {
      for (const other of network.peers()) {
        network.sendControl(other, { type: 'hop-broken', epoch: plan.epoch });
      }
    }
    this.asker.hopBroken(plan.epoch);
  }

  async #forward(to: PeerId, activation: Activation): Promise<void> {
    const { network, clock, audits, tracing } = this.#options;
    audits.sends(to, activation);
    if (to === network.me) return this.#deliver(to, activation);
    const startedAt = clock.now();
    const parts = encodeActivation(activation);
    await network.send(to, 'activation', parts);
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    tracing.now?.tracer.sent(to, activation, startedAt, bytes);
  }

  #deliver(from: PeerId, activation: Activation): void {
    this.#options.audits.comes(from, activation);
    if (activation.stage === RESULT_STAGE) this.asker.receive(activation);
    else this.host.accept(activation);
  }

  #failRequest(activation: Activation, step: string, message: string): void {
    const { network, tracing } = this.#options;
    const { epoch, request, origin } = activation;
    tracing.now?.tracer.moment('failed', { epoch, request, origin, note: step });
    if (origin === network.me) this.asker.failed(request, epoch, step, message);
    else network.sendControl(origin, { type: 'request-failed', epoch, request, step, message });
  }
}

/** What became of this page's requests, noted for the trace and for how the room recovers. */
function askerNews({ network, clock, emit, tracing }: ActivationsOptions): AskerNews {
  return {
    answered: (request, epoch, place, askedAt) => {
      tracing.now?.tracer.answered(request, epoch, place, askedAt);
      const recovery = tracing.now?.recovery.answered(askedAt, clock.now());
      if (recovery) emit({ type: 'RoomRecovered', ...recovery, at: clock.now() });
    },
    again: (request) => {
      tracing.now?.tracer.moment('again', { request, origin: network.me });
      tracing.now?.recovery.again();
    },
  };
}

/** Tensors of a request are kept until its answer; a stage on this very device would detach them. */
function keep(activation: Activation, local: boolean): Activation {
  return local
    ? { ...activation, tensors: activation.tensors.map((t) => ({ ...t, data: t.data.slice() })) }
    : activation;
}
