import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { blocksOf } from '../graph/blocks.ts';
import { memorySource } from '../graph/byte-source.ts';
import { modelGraph } from '../graph/model-graph.ts';
import { readModel } from '../graph/onnx-model.ts';
import { piecesOf } from '../graph/pieces.ts';
import { seededRandom } from '../graph/seeded-random.ts';
import { makeShard } from '../graph/shard.ts';
import type { PeerId, Sha256 } from '../ids.ts';
import { decide, tell } from '../plan/planner.ts';
import type { DeviceTimes } from '../plan/profile.ts';
import type { PlanQuestion } from '../plan/question.ts';
import type { PlanResult } from '../plan/room.ts';
import type { Calibration } from '../protocol/calibration.ts';
import { holdersOf, holdsLayers } from '../session/holders.ts';
import { NO_RULES } from '../session/reduce.ts';
import type { DeviceCard, LoadReport, PlanView } from '../session/state.ts';
import { PieceLedger } from '../weights/ledger.ts';
import { GATHERING } from '../weights/missing-pieces.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import type { Move } from './mover.ts';
import type { OpenModel } from './open-model.ts';
import { Replanner } from './replanner.ts';
import type { Delivery } from './shard-courier.ts';

const [LAPTOP, PHONE, TABLET] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const NAMES = new Map([
  [LAPTOP, 'Laptop'],
  [PHONE, 'Phone'],
  [TABLET, 'Tablet'],
]);

const file = new Uint8Array(readFileSync(new URL('../../public/models/digits.onnx', import.meta.url)));
const graph = modelGraph(await readModel(memorySource(file)));
const blocks = blocksOf(graph);
const MS_PER_BLOCK = 10;

const calibration: Calibration = {
  blockMs: Array(blocks.count).fill(MS_PER_BLOCK),
  boundaryBytes: Array(blocks.count + 1).fill(1000),
  blockWeightBytes: Array(blocks.count).fill(1e6),
  blockWorkspaceBytes: Array(blocks.count).fill(1e5),
  blockTensorBytes: Array(blocks.count).fill(1e6),
  boundarySamples: [],
  estimated: Array(blocks.count).fill(false),
  wholeMs: null,
};

const model: OpenModel = {
  card: {
    name: 'Digits',
    about: '',
    source: 'bundled',
    bytes: file.byteLength,
    weightBytes: 0,
    nodes: 1,
    blocks: blocks.count,
    uncuttable: null,
    inputs: graph.inputs,
    outputs: graph.outputs,
    dims: {},
    task: { kind: 'tensors' },
  },
  graph,
  blocks,
  blobOf: null,
  atHand: new Map(),
  origin: null,
  hashes: [],
  graphFiles: [],
  sample: () => [],
};

function card(peer: PeerId, change: Partial<DeviceCard> = {}): DeviceCard {
  return {
    peer,
    name: NAMES.get(peer) ?? '',
    browser: '',
    platform: '',
    form: peer === PHONE ? 'phone' : 'computer',
    status: 'ready',
    progress: null,
    refusal: null,
    profile: {
      provider: 'wasm',
      threads: 1,
      runtime: 'wasm',
      benchMs: 10,
      tried: [],
      memoryBytes: 1e9,
      adapter: null,
    },
    hidden: false,
    ...change,
  };
}

/** Timed at `ms` each, the last block excepted, which was too large. */
const timesOf = (ms: number): DeviceTimes => ({
  blockMs: Array(blocks.count).fill(ms),
  perItemMs: 0,
  timed: Array.from({ length: blocks.count }, (_, block) => block < blocks.count - 1),
  spread: { low: 0.9, high: 1.3 },
});

const quiet: LoadReport = {
  at: 0,
  busy: 0,
  msPerItem: null,
  queue: 0,
  items: 0,
  bytesIn: 0,
  bytesOut: 0,
  busyMs: 0,
  memoryBytes: 0,
  peakMemoryBytes: 0,
};

/** A room whose devices take what `speeds` says, in virtual time. */
class Scene {
  readonly clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  readonly moves: Move[] = [];
  readonly warnings: string[] = [];
  readonly remeasured: PeerId[] = [];
  searches = 0;
  readonly published: (PlanView | null)[] = [];
  readonly steps: (string | null)[] = [];
  /** Time of a block over what was measured. */
  readonly slowness = new Map<PeerId, number>();
  deliver: (move: Move) => Promise<Delivery> = async () => ({ kind: 'ready' });
  here: readonly PeerId[] = [PHONE, TABLET];
  ledger = new PieceLedger([], null);
  /** That each device keeps states of. */
  sequences = 0;
  readonly replanner: Replanner;
  #under: Move | undefined;
  #items = new Map<string, number>();

  constructor() {
    const scene = this;
    this.replanner = new Replanner({
      me: LAPTOP,
      clock: this.clock,
      term: 1,
      renew: () => 2,
      planner: {
        decide: async (asked: PlanQuestion) => {
          this.searches++;
          return decide(asked);
        },
        tell: async (asked: PlanQuestion, plan: PlanResult) => tell(asked, plan),
      },
      mover: {
        get under() {
          return scene.#under;
        },
        bring: async (move) => {
          this.moves.push(move);
          this.#under = move;
          const outcome = await this.deliver(move);
          if (this.#under !== move) return { kind: 'superseded' };
          this.#under = undefined;
          return outcome;
        },
        stop: () => {
          this.#under = undefined;
        },
        running: async () => undefined,
      },
      ledger: () => this.ledger,
      here: () => this.here,
      remeasure: (peer) => void this.remeasured.push(peer),
      publish: (plan) => void this.published.push(plan),
      progress: (progress) => void this.steps.push(progress?.step ?? null),
      warn: (message) => void this.warnings.push(message),
    });
  }

  async begin(...peers: PeerId[]): Promise<void> {
    for (const peer of peers) this.join(peer);
    this.replanner.setModel({ model, calibration });
    await this.clock.pass(1000);
  }

  join(peer: PeerId): void {
    this.replanner.cardChanged(card(peer));
    const links = [LAPTOP, PHONE, TABLET].filter((other) => other !== peer);
    this.replanner.linksReported(
      peer,
      links.map((other) => ({ peer: other, rttMs: 2, mbitPerSec: 100 })),
    );
  }

  get plan(): PlanView {
    const { plan } = this.replanner;
    if (plan?.status !== 'running') throw new Error(`no plan runs: ${plan?.status}`);
    return plan;
  }

  /** One second of items on all stages: what their holders report. */
  async second(jitter: () => number = () => 1): Promise<void> {
    const { plan } = this;
    for (const peer of [LAPTOP, PHONE, TABLET]) {
      const paces = plan.stages.flatMap((stage, index) => {
        if (!holdersOf(stage).some((holder) => holder.peer === peer)) return [];
        const ms = (stage.end - stage.start) * MS_PER_BLOCK * (this.slowness.get(peer) ?? 1);
        const recent = Array.from({ length: 5 }, () => ms * jitter()).sort((a, b) => a - b);
        const key = `${peer}${plan.epoch}`;
        const items = (this.#items.get(key) ?? 0) + 10;
        this.#items.set(key, items);
        return [{ epoch: plan.epoch, stage: index, ms: recent[2] ?? ms, items }];
      });
      const items = Math.max(0, ...paces.map((pace) => pace.items));
      if (paces.length > 0)
        this.replanner.loadReported(peer, { ...quiet, items, paces, sequences: this.sequences });
    }
    await this.clock.pass(1000);
  }

  async seconds(count: number, jitter?: () => number): Promise<void> {
    for (let second = 0; second < count; second++) await this.second(jitter);
  }
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

const blocksOn = (plan: PlanView, peer: PeerId): number =>
  plan.stages.filter((stage) => stage.peer === peer).reduce((sum, { start, end }) => sum + end - start, 0);

describe('Replanner', () => {
  it('leaves the plan alone for three minutes in which all times waver by 20 %', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    const random = seededRandom(1);
    await scene.seconds(180, () => 0.8 + 0.4 * random());
    expect(scene.moves).toHaveLength(1);
  });

  it('moves layers away from a device that has become five times slower, within seconds, and says so', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    await scene.seconds(5);
    const before = blocksOn(scene.plan, TABLET);
    scene.slowness.set(TABLET, 5);
    await scene.seconds(2);
    expect(scene.moves).toHaveLength(2);
    expect(blocksOn(scene.plan, TABLET)).toBeLessThan(before);
    expect(scene.plan.because).toMatch(/^Tablet became 5\.0 times slower: \d+ layers moved/);
    // There is memory for both, so the plan before went on meanwhile.
    expect(scene.moves[1]?.alongside).toBe(true);
    expect(scene.steps).toEqual(['Moving layers', null]);
    await scene.seconds(60);
    expect(scene.moves).toHaveLength(2);
  });

  it('searches for nothing when a device is lost: the plan for that was made while the room ran', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    await scene.seconds(5);
    let searched: number | undefined;
    scene.deliver = async () => {
      searched ??= scene.searches;
      return { kind: 'ready' };
    };
    const before = scene.searches;
    scene.here = [PHONE];
    scene.replanner.peerDown(TABLET);
    await scene.clock.pass(1000);
    expect(searched).toBe(before);
    expect(scene.plan.stages.some(({ peer }) => peer === TABLET)).toBe(false);
    expect(blocksOn(scene.plan, LAPTOP) + blocksOn(scene.plan, PHONE)).toBe(blocks.count);
  });

  it('puts what a lost device held upon its neighbours, where nothing else need move', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    const { plan } = scene;
    const [first, ...others] = plan.stages;
    if (!first) throw new Error('no stages');
    const ranges = [
      [PHONE, 0, 2],
      [TABLET, 2, 4],
      [LAPTOP, 4, blocks.count],
    ] as const;
    const stages = ranges.map(([peer, start, end]) => ({ ...first, peer, start, end }));
    expect(others).not.toHaveLength(0);
    scene = new Scene();
    for (const peer of [LAPTOP, PHONE]) scene.join(peer);
    // Each has the weights of its own layers, and the links are slow.
    const hash = 'f'.repeat(64) as Sha256;
    scene.ledger = new PieceLedger(piecesOf(graph, blocks).all, null);
    for (const [peer, start, end] of ranges) {
      const { weights } = makeShard(graph, blocks, start, end);
      scene.ledger.held(
        peer,
        weights.map(({ id }) => ({ id, hash })),
      );
    }
    for (const [peer, other] of [
      [PHONE, LAPTOP],
      [LAPTOP, PHONE],
    ] as const)
      scene.replanner.linksReported(peer, [{ peer: other, rttMs: 2, mbitPerSec: 1 }]);
    scene.here = [PHONE];
    const left = { peer: TABLET, name: 'Tablet' };
    scene.replanner.inherit(
      { model, calibration },
      { plan: { ...plan, stages }, mode: 'everyone', rules: NO_RULES, times: [], left },
    );
    await scene.clock.pass(100);
    const [head, tail, ...more] = scene.plan.stages;
    expect([head?.peer, tail?.peer, more]).toEqual([PHONE, LAPTOP, []]);
    expect(tail?.start).toBe(head?.end);
  });

  it('says no more that layers move once a device is lost to which they were to', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    await scene.seconds(5);
    scene.deliver = () => new Promise(() => undefined);
    scene.slowness.set(TABLET, 5);
    await scene.seconds(2);
    expect(scene.steps).toEqual(['Moving layers']);
    scene.deliver = async () => ({ kind: 'ready' });
    scene.here = [TABLET];
    scene.replanner.peerDown(PHONE);
    await scene.clock.pass(2000);
    expect(scene.steps).toEqual(['Moving layers', null]);
    expect(holdsLayers(scene.plan, PHONE)).toBe(false);
  });

  it('gives layers back to a device that has recovered', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    scene.slowness.set(TABLET, 3);
    await scene.seconds(5);
    const slow = blocksOn(scene.plan, TABLET);
    scene.slowness.set(TABLET, 1);
    await scene.seconds(10);
    expect(blocksOn(scene.plan, TABLET)).toBeGreaterThan(slow);
  });

  it('asks a device that was slow, and holds nothing since, whether it has recovered', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    scene.slowness.set(TABLET, 5);
    await scene.seconds(3);
    scene.replanner.setRules({ pinnedIn: [], pinnedOut: [TABLET], endsAtHome: false, batteryFloor: 0 });
    await scene.clock.pass(1000);
    scene.replanner.loadReported(TABLET, quiet);
    expect(scene.remeasured).toEqual([]);
    await scene.clock.pass(25_000);
    for (const peer of [TABLET, TABLET, PHONE]) scene.replanner.loadReported(peer, quiet);
    expect(scene.remeasured).toEqual([TABLET]);
  });

  it('waits with a small gain until it has lasted', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    await scene.seconds(5);
    scene.slowness.set(TABLET, 1.4);
    await scene.seconds(2);
    expect(scene.moves).toHaveLength(1);
    await scene.seconds(6);
    expect(scene.moves).toHaveLength(2);
  });

  it('does not break off a sequence, whose states a change of plan would lose', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    scene.sequences = 1;
    await scene.second();
    scene.slowness.set(TABLET, 5);
    await scene.seconds(10);
    expect(scene.moves).toHaveLength(1);
    scene.sequences = 0;
    await scene.seconds(2);
    expect(scene.moves).toHaveLength(2);
  });

  it('leaves a phone out whose tab went into the background, and takes it back', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    scene.replanner.cardChanged(card(PHONE, { hidden: true }));
    await scene.clock.pass(1000);
    expect(holdsLayers(scene.plan, PHONE)).toBe(false);
    expect(scene.plan.leftOut).toContainEqual({ peer: PHONE, reason: 'Its tab is in the background.' });
    expect(scene.plan.because).toMatch(/^Phone's tab went into the background/);
    scene.replanner.cardChanged(card(PHONE));
    await scene.clock.pass(1000);
    expect(holdsLayers(scene.plan, PHONE)).toBe(true);
  });

  it('keeps to the rules: out by hand, below the battery floor, and back when charging', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    const rules = { pinnedIn: [], pinnedOut: [TABLET], endsAtHome: false, batteryFloor: 0.2 };
    scene.replanner.setRules(rules);
    scene.replanner.cardChanged(card(PHONE, { battery: { charge: 0.15, charging: false } }));
    await scene.clock.pass(1000);
    expect(scene.plan.stages.map(({ peer }) => peer)).toEqual([LAPTOP]);
    expect(scene.plan.because).toMatch(/^Phone's battery ran low: \d+ layers moved to Laptop\.$/);
    expect(scene.plan.leftOut).toEqual([
      { peer: PHONE, reason: 'Its battery is at 15 %, below your limit of 20 %.' },
      { peer: TABLET, reason: 'You left it out.' },
    ]);
    scene.replanner.cardChanged(card(PHONE, { battery: { charge: 0.15, charging: true } }));
    await scene.clock.pass(1000);
    expect(holdsLayers(scene.plan, PHONE)).toBe(true);
    expect(scene.plan.because).toMatch(/^Phone's battery is fine again: /);
    scene.replanner.setRules({ ...rules, batteryFloor: 0, pinnedOut: [LAPTOP, TABLET] });
    await scene.clock.pass(1000);
    expect(scene.plan.because).toMatch(/^The rules were changed: \d+ layers? moved to Phone\.$/);
    scene.replanner.setRules({ ...rules, pinnedOut: [LAPTOP, PHONE, TABLET] });
    await scene.clock.pass(1000);
    expect(scene.replanner.plan).toBeNull();
    expect(scene.warnings.at(-1)).toMatch(/^No device here/);
  });

  it('makes a new plan when a holder leaves, and goes on without one that cannot load', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    scene.here = [TABLET];
    scene.replanner.peerDown(PHONE);
    expect(scene.replanner.plan).toBeNull();
    scene.deliver = async ({ plan }) =>
      holdsLayers(plan, TABLET)
        ? { kind: 'failed', peer: TABLET, step: 'load', message: 'no memory' }
        : { kind: 'ready' };
    await scene.clock.pass(1000);
    expect(scene.plan.stages.map(({ peer }) => peer)).toEqual([LAPTOP]);
    expect(scene.warnings).toEqual([
      'Tablet could not take its layers (load: no memory). The others share them.',
    ]);
  });

  it('takes a device back that could not gather its weights, once they turn up', async () => {
    scene.deliver = async ({ plan }) =>
      holdsLayers(plan, TABLET)
        ? { kind: 'failed', peer: TABLET, step: GATHERING, message: 'nobody has them' }
        : { kind: 'ready' };
    await scene.begin(LAPTOP, PHONE, TABLET);
    expect(holdsLayers(scene.plan, TABLET)).toBe(false);
    scene.deliver = async () => ({ kind: 'ready' });
    scene.replanner.readmit();
    await scene.clock.pass(1000);
    expect(holdsLayers(scene.plan, TABLET)).toBe(true);
  });

  it('waits, and blames nobody, while weights are on no device that is here', async () => {
    const deliver = scene.deliver;
    scene.ledger = new PieceLedger([{ id: 0, file: '', offset: 0, length: 4 }], null);
    scene.deliver = async () => ({
      kind: 'failed',
      peer: TABLET,
      step: GATHERING,
      message: 'nobody has them',
    });
    await scene.begin(LAPTOP, PHONE, TABLET);
    const moves = scene.moves.length;
    scene.replanner.schedule();
    await scene.clock.pass(5000);
    expect([scene.replanner.plan, scene.moves.length]).toEqual([null, moves]);
    expect(scene.warnings).toHaveLength(1);
    expect(scene.warnings[0]).toContain('One part');
    scene.ledger.held(PHONE, [{ id: 0, hash: '0'.repeat(64) as Sha256 }]);
    scene.deliver = deliver;
    scene.replanner.readmit();
    await scene.clock.pass(1000);
    expect(scene.plan.status).toBe('running');
  });

  it('loads anew, on the same devices, a plan of which a holder has given its stage up', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    const { epoch } = scene.plan;
    expect(scene.replanner.isInherited).toBe(false);
    scene.replanner.setTerm(2);
    expect(scene.replanner.isInherited).toBe(true);
    scene.replanner.unload();
    expect(scene.replanner.plan).toBeNull();
    await scene.clock.pass(1000);
    expect(scene.plan.epoch).toBeGreaterThan(epoch);
    expect(scene.warnings).toEqual([]);
  });

  it('says how far single runs varied, and of how many layers the time is an estimate', async () => {
    await scene.begin(LAPTOP);
    scene.replanner.timesKnown(LAPTOP, timesOf(MS_PER_BLOCK));
    await scene.clock.pass(1000);
    const [stage] = scene.plan.stages;
    expect(stage).toMatchObject({ spread: { low: 0.9, high: 1.3 }, estimatedBlocks: 1 });
  });

  it('says of each device that is left out once why', async () => {
    scene.replanner.setMode('fastest');
    await scene.begin(LAPTOP, PHONE, TABLET);
    expect(scene.plan.leftOut.map(({ peer }) => peer)).toEqual([PHONE, TABLET]);
  });

  it('shows another mode although the plan stays and items have passed', async () => {
    await scene.begin(LAPTOP);
    await scene.seconds(3);
    scene.replanner.setMode('most');
    await scene.clock.pass(1000);
    expect(scene.moves).toHaveLength(1);
    expect(scene.plan.mode).toBe('most');
    // That was no reason for anything that comes later.
    scene.join(PHONE);
    await scene.seconds(3);
    expect(scene.plan.because ?? '').not.toMatch(/aim/);
  });

  it('has a device that has just joined measure again at rest, until it gives the same times twice', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    const measured = (ms: number): void => scene.replanner.timesKnown(TABLET, timesOf(ms));
    const look = async (): Promise<number> => {
      await scene.clock.pass(11_000);
      scene.remeasured.length = 0;
      for (let times = 0; times < 3; times++) scene.replanner.loadReported(TABLET, quiet);
      return scene.remeasured.length;
    };
    measured(MS_PER_BLOCK * 3);
    for (const items of [1, 2]) scene.replanner.loadReported(LAPTOP, { ...quiet, items });
    scene.replanner.loadReported(TABLET, quiet);
    expect(scene.remeasured).toEqual([]);
    expect(await look()).toBe(1);
    measured(MS_PER_BLOCK);
    expect(await look()).toBe(1);
    measured(MS_PER_BLOCK * 1.1);
    expect(await look()).toBe(0);
  });

  it('tells how the plan stands against the best one now', async () => {
    await scene.begin(LAPTOP, PHONE, TABLET);
    await scene.seconds(2);
    scene.slowness.set(TABLET, 1.15);
    await scene.seconds(8);
    const { now } = scene.plan;
    expect((now?.presentMs ?? 0) / (now?.bestMs ?? 1)).toBeGreaterThan(1.05);
    expect(scene.moves).toHaveLength(1);
  });
});
