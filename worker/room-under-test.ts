import { blocksOf } from '../core/graph/blocks.ts';
import { memorySource } from '../core/graph/byte-source.ts';
import { initialStates } from '../core/graph/initial-states.ts';
import { modelGraph } from '../core/graph/model-graph.ts';
import { readModel } from '../core/graph/onnx-model.ts';
import { RecordedSource } from '../core/graph/recorded-source.ts';
import { sampleInputs } from '../core/graph/sample-inputs.ts';
import type { PeerId } from '../core/ids.ts';
import { runTraits } from '../core/language/batching.ts';
import { decoderIo } from '../core/language/decoder-io.ts';
import { systemClock } from '../core/mesh/clock.ts';
import { MemoryDialler } from '../core/mesh/memory-dial.ts';
import { MemoryRoom } from '../core/mesh/memory-rendezvous.ts';
import { Mesh } from '../core/mesh/mesh.ts';
import { decide, tell } from '../core/plan/planner.ts';
import type { PlanQuestion } from '../core/plan/question.ts';
import type { PlanResult } from '../core/plan/room.ts';
import { Leader } from '../core/runtime/leader.ts';
import { Member } from '../core/runtime/member.ts';
import type { OpenModel } from '../core/runtime/open-model.ts';
import type { StageExecutor } from '../core/runtime/stage-executor.ts';
import { takeoverOf } from '../core/runtime/take-over.ts';
import { NO_TERM, nextTerm, type Term } from '../core/runtime/term.ts';
import type { SessionEvent } from '../core/session/events.ts';
import { initialState, reduce } from '../core/session/reduce.ts';
import type { DeviceCard, PlanView, SessionState } from '../core/session/state.ts';
import { subtleDigest } from '../core/weights/digest.ts';
import { MemoryPieceStore } from '../core/weights/memory-piece-store.ts';
import type { OriginFactory } from '../core/weights/origin.ts';
import type { PieceStore } from '../core/weights/piece-store.ts';
import { Shelf } from '../core/weights/shelf.ts';
import { type Lie, LyingExecutor } from './lying-executor.ts';
import type { OrtLike } from './ort.ts';
import { StageWorker } from './stage-worker.ts';

export const LAPTOP: PeerId = 'a'.repeat(16) as PeerId;
export const PHONE: PeerId = 'b'.repeat(16) as PeerId;
export const TABLET: PeerId = 'c'.repeat(16) as PeerId;

/** One device's page, without a browser. */
export interface Page {
  readonly peer: PeerId;
  readonly mesh: Mesh;
  readonly member: Member;
  /** While this device leads. */
  readonly leader: Leader | undefined;
  state(): SessionState;
  /** What the signaling server's welcome does in a browser. */
  entered(leader: PeerId): void;
}

/** A room in one process: all of core/ with the real runtime, on links in memory. The first device leads. */
export class RoomUnderTest {
  readonly stores: Map<PeerId, PieceStore> = new Map();
  readonly rendezvous: MemoryRoom = new MemoryRoom(systemClock, { delayMs: 1 });
  readonly dialler: MemoryDialler = new MemoryDialler(systemClock, { delayMs: 1, mbitPerSec: 400 });
  readonly pages: Page[] = [];
  readonly #ort: OrtLike;
  /** The signaling server can be reached. */
  online = true;
  /** Without it nothing is audited. */
  random32: (() => number) | undefined;
  origins: OriginFactory = () => {
    throw new Error('this room has no origin');
  };

  /** Told when a page shows a peer out; nobody is, unless a test makes one misbehave. */
  report: (at: PeerId, peer: PeerId, error: Error) => void = (_at, _peer, error) => {
    throw error;
  };

  constructor(ort: OrtLike) {
    this.#ort = ort;
  }

  join(peer: PeerId, { benchMs = 10, lie }: { benchMs?: number; lie?: Lie } = {}): Page {
    const executors = (): StageExecutor => {
      const honest = new StageWorker(async (options) => ({ ort: this.#ort, options }));
      return lie ? new LyingExecutor(honest, lie) : honest;
    };
    const runtime = () => ({ provider: 'wasm', threads: 1 }) as const;
    let state = initialState(peer);
    const emit = (event: SessionEvent): void => {
      state = reduce(state, event);
    };
    const clock = systemClock;
    const mesh = new Mesh({
      me: peer,
      rendezvous: this.rendezvous.join(peer),
      dial: this.dialler.dial,
      clock,
      random32: () => Math.floor(Math.random() * 2 ** 32),
      report: (by, error) => this.report(peer, by, error),
    });
    const member = new Member({
      network: mesh,
      clock,
      executors,
      runtime,
      shelf: new Shelf(this.storeOf(peer), subtleDigest(crypto.subtle)),
      origins: this.origins,
      emit,
      card: cardOf(peer, benchMs),
      online: () => this.online,
      led: (term) => led(term),
    });
    const planner = {
      decide: async (asked: PlanQuestion) => decide(asked),
      tell: async (asked: PlanQuestion, plan: PlanResult) => tell(asked, plan),
    };
    let leader: Leader | undefined;
    const led = (term: Term | null): void => {
      if (term !== null && leader) leader.setTerm(term);
      else if (term === null) {
        leader?.close();
        leader = undefined;
      } else {
        const takeover = term > firstTerm ? { takeover: takeoverOf(member) } : {};
        const { random32 } = this;
        const common = { member, network: mesh, clock, planner, runtime, emit, term };
        leader = new Leader({ ...common, ...takeover, ...(random32 && { random32 }) });
      }
    };
    const firstTerm = nextTerm(NO_TERM, LAPTOP);
    const page: Page = {
      peer,
      mesh,
      member,
      get leader() {
        return leader;
      },
      state: () => state,
      entered: (by) => emit({ type: 'RoomEntered', leader: by, at: 0 }),
    };
    member.entered(LAPTOP, this.pages.length);
    this.pages.push(page);
    return page;
  }

  /** What a device keeps over its visits. */
  storeOf(peer: PeerId): PieceStore {
    const store = this.stores.get(peer) ?? new MemoryPieceStore();
    this.stores.set(peer, store);
    return store;
  }

  close(): void {
    for (const page of this.pages) {
      page.leader?.close();
      page.member.close('the test ended');
    }
  }
}

function cardOf(peer: PeerId, benchMs: number): DeviceCard {
  return {
    peer,
    name: peer.slice(0, 1),
    browser: 'Node',
    platform: 'Linux',
    form: 'server',
    status: 'ready',
    progress: null,
    refusal: null,
    profile: {
      provider: 'wasm',
      threads: 1,
      runtime: 'wasm',
      benchMs,
      tried: [],
      memoryBytes: 1e9,
      adapter: null,
    },
    hidden: false,
  };
}

/** A model file as the leader's page opens it, without a page. */
export async function modelOf(name: string, file: Uint8Array<ArrayBuffer>): Promise<OpenModel> {
  const source = new RecordedSource(memorySource(file), []);
  const graph = modelGraph(await readModel(source));
  const blocks = blocksOf(graph);
  const states = initialStates(graph.inputs, blocks.states, {});
  const slots = states.map(({ input, output }) => ({ input, output }));
  const io = decoderIo({ inputs: graph.inputs, outputs: graph.outputs, states: slots });
  const blob = new Blob([file]);
  return {
    card: {
      name,
      about: '',
      source: 'file',
      bytes: file.byteLength,
      weightBytes: 0,
      nodes: graph.nodes.length,
      blocks: blocks.count,
      uncuttable: null,
      inputs: graph.inputs,
      outputs: graph.outputs,
      states: slots,
      ...(io && { runs: runTraits(graph.nodes, io, states) }),
      dims: {},
      task: { kind: 'tensors' },
    },
    graph,
    blocks,
    blobOf: () => blob,
    atHand: new Map(),
    origin: null,
    hashes: [],
    graphFiles: [{ name: '', size: source.size, parts: source.parts }],
    sample: (guess) => sampleInputs(graph.inputs, {}, 1, guess),
  };
}

type Sought<T> = T | undefined | null | false;
/** What `get` finds in the end. @throws Error when it finds nothing for so long. */
export async function until<T>(
  what: string,
  get: () => Sought<T> | Promise<Sought<T>>,
  seconds = 15,
): Promise<T> {
  const limit = performance.now() + seconds * 1000;
  for (;;) {
    const found = await get();
    if (found) return found;
    if (performance.now() > limit) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The plan, once it runs with so many stages. */
export function running(page: Page, stages: number): Promise<PlanView> {
  return until(`a running plan of ${stages} stages`, () => {
    const { plan } = page.state();
    return plan?.status === 'running' && plan.stages.length === stages && plan;
  });
}
