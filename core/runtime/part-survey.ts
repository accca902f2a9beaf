import { makeShard } from '../graph/shard.ts';
import type { Epoch, PeerId } from '../ids.ts';
import type { Network } from '../mesh/network.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { Calibration } from '../protocol/calibration.ts';
import type { LoadStage, MeasureParts, PartsMeasured } from '../protocol/messages.ts';
import { layFile } from '../weights/file-pieces.ts';
import type { Shelf } from '../weights/shelf.ts';
import { deviceTimes, rangesToTime, type TimedRange } from './device-times.ts';
import type { OpenModel } from './open-model.ts';
import { warmUpFor } from './shard-courier.ts';
import { termsOf } from './terms.ts';

/** Owner of the parts' graphs on the leader's shelf. */
const PARTS = 'parts to be timed';

export interface PartSurveyOptions {
  readonly network: Network;
  readonly shelf: Shelf;
  /** Times parts on this very device; `measured` answers. */
  readonly own: (message: MeasureParts) => void;
  readonly measured: (peer: PeerId, times: DeviceTimes) => void;
}

/** Asks each device how long parts of the model take it, and makes block times of the answers. */
export class PartSurvey {
  readonly #options: PartSurveyOptions;
  #subject:
    | {
        readonly key: string;
        readonly parts: readonly LoadStage[];
        readonly ranges: readonly TimedRange[];
        readonly calibration: Calibration;
      }
    | undefined;
  readonly #asked = new Set<PeerId>();
  readonly #awaited = new Set<PeerId>();
  #settled: (() => void)[] = [];

  constructor(options: PartSurveyOptions) {
    this.#options = options;
  }

  /** Another model, measured on the leader's device. Devices are to be asked anew. */
  /** `known`: those who told the leader before. */
  async begin(
    model: OpenModel,
    calibration: Calibration,
    key: string,
    known: ReadonlySet<PeerId> = new Set(),
  ): Promise<void> {
    this.stop();
    for (const peer of known) this.#asked.add(peer);
    const { shelf } = this.#options;
    const { graph, blocks, card } = model;
    const { blockMs, blockWeightBytes, boundaryBytes } = calibration;
    const ranges = rangesToTime(blockMs, blockWeightBytes, boundaryBytes);
    const parts = await Promise.all(
      ranges.map(async ({ start, end }, stage) => {
        const shard = makeShard(graph, blocks, start, end);
        return termsOf(shard, {
          epoch: 0 as Epoch,
          stage,
          holders: [],
          model: key,
          label: card.name,
          shard: await shelf.digest(shard.model),
          graph: await layFile(shelf, PARTS, shard.model),
          reuse: false,
          alongside: true,
          pieces: [],
          origin: null,
          warmUp: warmUpFor(shard, calibration.boundarySamples),
        });
      }),
    );
    this.#subject = { key, parts, ranges, calibration };
  }

  stop(): void {
    this.#subject = undefined;
    this.#asked.clear();
    this.#options.shelf.clear(PARTS);
    this.#settle();
  }

  /** Asks a device, unless it was asked before. `fresh`: again, and what it measured on an earlier visit does not count. */
  ask(peer: PeerId, { fresh = false }: { readonly fresh?: boolean } = {}): void {
    const subject = this.#subject;
    if (!subject || (this.#asked.has(peer) && !fresh)) return;
    this.#asked.add(peer);
    const { network, own } = this.#options;
    const message: MeasureParts = { type: 'measure-parts', model: subject.key, fresh, parts: subject.parts };
    this.#awaited.add(peer);
    if (peer === network.me) own(message);
    else network.sendControl(peer, message);
  }

  heard(peer: PeerId, { model, ...measured }: PartsMeasured): void {
    const subject = this.#subject;
    if (subject?.key !== model || !this.#awaited.delete(peer)) return;
    const times = deviceTimes(measured, subject.ranges, subject.calibration.blockMs);
    if (times) this.#options.measured(peer, times);
    if (this.#awaited.size === 0) this.#settle();
  }

  forget(peer: PeerId): void {
    this.#asked.delete(peer);
    this.#awaited.delete(peer);
    if (this.#awaited.size === 0) this.#settle();
  }

  /** Resolves when no answer is awaited any more. */
  settled(): Promise<void> {
    return this.#awaited.size === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#settled.push(resolve);
        });
  }

  #settle(): void {
    if (!this.#subject) this.#awaited.clear();
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
