import type { NumberTraits } from '../../audit/tolerance.ts';
import { seededRandom } from '../../graph/seeded-random.ts';
import type { Epoch, PeerId, RequestId } from '../../ids.ts';
import { decodeAuditFrame } from '../../protocol/audit-frame.ts';
import { type Activation, RESULT_STAGE } from '../../protocol/frame.types.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { AuditCounts, AuditEvidence, DeviceCard, DeviceProfile, PlanView } from '../../session/state.ts';
import { asFloat32, fromFloat32, type Tensor } from '../../tensor/tensor.ts';
import { VirtualClock } from '../../weights/virtual-clock.ts';
import { AuditDesk } from './audit-desk.ts';

/** A device of the scene: how it computes, and what it makes of its results. */
export interface SceneDevice {
  readonly peer: PeerId;
  readonly provider: 'wasm' | 'webgpu';
  readonly threads: number;
  readonly memoryBytes?: number;
  /** Changes the values that it hands on, in whatever it computes. */
  readonly lie?: (values: Float32Array) => void;
}

const NUMBERS = 64;
const PLAIN: NumberTraits = { half: false, quantised: false, jumps: false, random: false };

/** A leader's desk in virtual time, and devices that round as real ones do; each holds a stage, in this order. */
export class DeskScene {
  readonly clock: VirtualClock;
  readonly desk: AuditDesk;
  readonly found: { readonly peer: PeerId; readonly evidence: AuditEvidence }[] = [];
  counts: AuditCounts = { checked: 0, skipped: 0, undecided: 0 };
  readonly #devices: readonly SceneDevice[];
  readonly #random = seededRandom(7);
  #request = 0;

  /** The first device leads. `idle`: a turn of the event loop. */
  constructor(devices: readonly SceneDevice[], idle: () => Promise<void>) {
    this.#devices = devices;
    this.clock = new VirtualClock(idle);
    const [leader] = devices;
    if (!leader) throw new RangeError('a scene needs a device');
    const peers = devices.map(({ peer }) => peer);
    const cards = new Map(devices.map((device) => [device.peer, cardOf(device)]));
    this.desk = new AuditDesk(
      {
        network: {
          me: leader.peer,
          sendControl: (to, message) => {
            if (message.type === 'recompute') this.#ways.set(`${to}/${message.ticket}`, message.prepack);
          },
          send: async (to, _kind, parts) => {
            const frame = decodeAuditFrame(new Uint8Array(await new Blob([...parts]).arrayBuffer()));
            const way = this.#ways.get(`${to}/${frame.ticket}`) ?? null;
            const activation = { ...frame.activation, tensors: this.#computed(to, frame.activation, way) };
            this.desk.frame(to, { ...frame, kind: 'made', activation });
          },
        },
        clock: this.clock,
        random32: () => Math.floor(this.#random() * 2 ** 32),
        own: {
          told: () => undefined,
          recompute: async (_terms, way, activation) => this.#computed(leader.peer, activation, way),
        },
        cards: () => cards,
        here: () => peers.slice(1),
        isAside: (peer) => this.found.some((each) => each.peer === peer),
        terms: async () => ({ kept: undefined }) as unknown as LoadStage,
        traits: () => PLAIN,
        found: (peer, evidence) => this.found.push({ peer, evidence }),
        undecided: () => undefined,
        counted: (counts) => {
          this.counts = counts;
        },
      },
      1,
    );
    this.desk.follow(planOf(devices));
  }

  readonly #ways = new Map<string, boolean | null>();

  /** A run of the stage of this device, as its neighbours tell of it. */
  async hop(stage: number): Promise<void> {
    const { peer: holder } = this.#devices[stage] ?? {};
    const [first] = this.#devices;
    if (holder === undefined || !first) throw new RangeError(`no stage ${stage}`);
    const input = this.#activation(stage);
    // Its memory may have decided either way for the weights.
    const output = this.#computed(holder, input, this.#random() < 0.5);
    const before = this.#devices[stage - 1]?.peer ?? first.peer;
    const next = this.#devices[stage + 1];
    this.desk.frame(before, { kind: 'entered', ticket: 0, holder, activation: input });
    const left = { ...input, stage: next ? stage + 1 : RESULT_STAGE, tensors: output };
    this.desk.frame(next?.peer ?? first.peer, { kind: 'left', ticket: 0, holder, activation: left });
    await this.clock.pass(200);
  }

  #activation(stage: number): Activation {
    const values = Float32Array.from({ length: NUMBERS }, () => this.#random() * 2 - 1);
    return {
      epoch: 1 as Epoch,
      origin: this.#devices[0]?.peer ?? ('' as PeerId),
      request: ++this.#request as RequestId,
      sequence: 0,
      step: 0,
      microBatch: 0,
      microBatches: 1,
      stage,
      trail: [],
      tensors: [fromFloat32([NUMBERS], values)],
    };
  }

  /** Rounding as measured: the same bits in WASM, but for weights laid out otherwise and threads; 3e-4 on a GPU. */
  #computed(peer: PeerId, { tensors }: Activation, way: boolean | null): readonly Tensor[] {
    const device = this.#devices.find((each) => each.peer === peer);
    if (!device) throw new RangeError(`no device ${peer}`);
    return tensors.map((tensor) => {
      const values = Float32Array.from(asFloat32(tensor), (value, at) => {
        const made = Math.sin(3 * value) + value;
        if (device.provider === 'webgpu') return made * (1 + (this.#random() - 0.5) * 6e-4);
        const moved = (way === false ? 3e-7 : 0) + (device.threads - 1) * 2e-7;
        return made * (1 + (at % 2 ? moved : -moved));
      });
      device.lie?.(values);
      return fromFloat32([NUMBERS], values);
    });
  }
}

function planOf(devices: readonly SceneDevice[]): PlanView {
  return {
    epoch: 1 as Epoch,
    mode: 'everyone',
    blocks: devices.length,
    stages: devices.map(({ peer }, at) => ({
      peer,
      start: at,
      end: at + 1,
      weightBytes: 100,
      sendsBytes: 4 * NUMBERS,
      predictedMs: 1,
    })),
    predictedLatencyMs: 1,
    predictedPeriodMs: 1,
    alone: null,
    optimal: true,
    leftOut: [],
    status: 'running',
  };
}

function cardOf({ peer, provider, threads, memoryBytes = 1e6 }: SceneDevice): DeviceCard {
  const profile: DeviceProfile = {
    provider,
    threads,
    runtime: provider === 'webgpu' ? 'jspi' : 'wasm',
    benchMs: 1,
    tried: [],
    memoryBytes,
    adapter: null,
  };
  return {
    peer,
    name: peer.slice(0, 1),
    browser: 'Node',
    platform: 'Linux',
    form: 'server',
    status: 'ready',
    progress: null,
    refusal: null,
    profile,
    hidden: false,
  };
}
