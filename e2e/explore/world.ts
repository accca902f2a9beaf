import { createHash } from 'node:crypto';
import type { PeerId, Sha256 } from '../../core/ids.ts';
import { MemoryDialler } from '../../core/mesh/memory-dial.ts';
import { type MemoryRendezvous, MemoryRoom } from '../../core/mesh/memory-rendezvous.ts';
import { Mesh } from '../../core/mesh/mesh.ts';
import type { Network } from '../../core/mesh/network.ts';
import { decide, tell } from '../../core/plan/planner.ts';
import type { PlanQuestion } from '../../core/plan/question.ts';
import type { PlanResult } from '../../core/plan/room.ts';
import { kindCode } from '../../core/protocol/packet.ts';
import { Leader } from '../../core/runtime/leader.ts';
import { Member } from '../../core/runtime/member.ts';
import { takeoverOf } from '../../core/runtime/take-over.ts';
import type { Term } from '../../core/runtime/term.ts';
import { initialState, reduce } from '../../core/session/reduce.ts';
import type { DeviceCard, SessionState } from '../../core/session/state.ts';
import { MemoryPieceStore } from '../../core/weights/memory-piece-store.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import { VirtualClock } from '../../core/weights/virtual-clock.ts';
import { type Gate, gatedDial } from './gated-wire.ts';
import { PageClock } from './page-clock.ts';
import { stillness } from './stillness.ts';
import { ToyExecutor } from './toy-executor.ts';

const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;

/** How a packet of an activation begins. */
const ACTIVATION = kindCode('activation');

/** One device's page in a {@link World}. */
export interface Device {
  readonly peer: PeerId;
  readonly member: Member;
  readonly network: Network;
  readonly clock: PageClock;
  readonly gate: Gate & { copies: number; corrupts: number };
  readonly rendezvous: MemoryRendezvous;
  readonly executors: readonly ToyExecutor[];
  readonly leader: Leader | undefined;
  readonly state: () => SessionState;
  alive: boolean;
}

/** A room of toy devices in virtual time, of which any may fail in any way at any step. */
export class World {
  readonly clock: VirtualClock = new VirtualClock(stillness);
  readonly dialler: MemoryDialler;
  readonly room: MemoryRoom;
  readonly devices: Device[] = [];
  /** Who led under which term. */
  readonly terms: Map<Term, PeerId> = new Map();
  /** Messages that any device has sent; `step` is called for each. */
  steps = 0;
  onStep: () => void = () => undefined;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.dialler = new MemoryDialler(this.clock, { delayMs: 1, mbitPerSec: 400, random });
    this.room = new MemoryRoom(this.clock, { delayMs: 2 });
  }

  /** The server's word on who leads. */
  get #serverLeader(): PeerId | undefined {
    return [...this.terms].sort(([a], [b]) => b - a)[0]?.[1];
  }

  join(peer: PeerId): Device {
    const clock = new PageClock(this.clock);
    const wires: Gate['wires'] = new Set();
    const gate = {
      copies: 1,
      corrupts: 0,
      damage: (bytes: Uint8Array<ArrayBuffer>): void => {
        // An activation's values; a link's own words are too small.
        if (gate.corrupts === 0 || bytes[0] !== ACTIVATION || bytes.byteLength < 150) return;
        gate.corrupts--;
        bytes[bytes.byteLength - 9] = (bytes[bytes.byteLength - 9] ?? 0) ^ 4;
      },
      wires,
      arrive: (deliver: () => void): void => {
        for (let copy = 0; copy < gate.copies; copy++) clock.pass(deliver);
      },
    };
    const rendezvous = this.room.join(peer);
    const mesh = new Mesh({
      me: peer,
      rendezvous,
      dial: gatedDial(this.dialler.dial, gate),
      clock,
      random32: () => Math.floor(this.#random() * 2 ** 32),
      report: () => undefined,
    });
    const network = this.#counted(mesh);
    let state = initialState(peer);
    const emit = (event: Parameters<typeof reduce>[1]): void => {
      state = reduce(state, event);
    };
    const runtime = () => ({ provider: 'wasm', threads: 1 }) as const;
    const executors: ToyExecutor[] = [];
    let leader: Leader | undefined;
    const led = (term: Term | null): void => {
      if (term === null) {
        leader?.close();
        leader = undefined;
        return;
      }
      const before = this.terms.get(term);
      if (before !== undefined && before !== peer) throw new Error(`two leaders of term ${term}`);
      this.terms.set(term, peer);
      if (leader) leader.setTerm(term);
      else {
        const takeover = member.told.seats.length > 0 ? { takeover: takeoverOf(member) } : {};
        leader = new Leader({ member, network, clock, planner, runtime, emit, term, ...takeover });
      }
    };
    const member: Member = new Member({
      network,
      clock,
      executors: () => {
        const executor = new ToyExecutor(clock, 0.5);
        executors.push(executor);
        return executor;
      },
      runtime,
      shelf: new Shelf(new MemoryPieceStore(), digest),
      origins: () => {
        throw new Error('no origin');
      },
      emit,
      card: cardOf(peer),
      online: () => true,
      led,
    });
    const device: Device = {
      peer,
      member,
      network,
      clock,
      gate,
      rendezvous,
      executors,
      get leader() {
        return leader;
      },
      state: () => state,
      alive: true,
    };
    const others = this.devices.filter(({ alive }) => alive).length;
    this.devices.push(device);
    member.entered(this.#serverLeader ?? peer, others);
    return device;
  }

  /** Lets time pass until `found`. @throws Error that says for what it waited. */
  async until(what: string, found: () => unknown, ms = 60_000): Promise<void> {
    const end = this.clock.now() + ms;
    while (!found()) {
      if (this.clock.now() >= end) throw new Error(`waited ${ms / 1000} s for ${what}: ${this.told()}`);
      await this.clock.pass(20);
    }
  }

  /** How everybody sees the room, for the message of a schedule that fails. */
  told(): string {
    const told = this.devices.map(({ peer, alive, leader, state, member, network, executors }) => {
      const { phase, model, plan, preparing, notices } = state();
      const kept = executors.reduce((sum, executor) => sum + executor.kept.size, 0);
      return {
        peer: peer.slice(0, 1),
        alive,
        leads: leader !== undefined,
        leader: state().leader?.slice(0, 1),
        phase: phase.kind,
        model: model.kind,
        plan: plan && [plan.epoch, plan.status, plan.stages.map((stage) => stage.peer.slice(0, 1)).join('')],
        runs: member.asker.plan?.epoch,
        linked: network
          .peers()
          .map((other) => other.slice(0, 1))
          .join(''),
        open: [member.asker.open, member.host.queue, member.host.sequences, kept],
        preparing: preparing?.step,
        notices: notices.map(({ message }) => message),
      };
    });
    return JSON.stringify(told);
  }

  close(): void {
    for (const { leader, member } of this.devices) {
      leader?.close();
      member.close('the schedule ended');
    }
  }

  #counted(mesh: Mesh): Network {
    const step = (): void => {
      this.steps++;
      this.onStep();
    };
    return {
      me: mesh.me,
      peers: () => mesh.peers(),
      listen: (listener) => mesh.listen(listener),
      sendControl: (to, message) => {
        mesh.sendControl(to, message);
        if (message.type !== 'load') step();
      },
      send: (to, kind, parts, options) => {
        const sent = mesh.send(to, kind, parts, options);
        step();
        return sent;
      },
      probe: (to, bytes) => mesh.probe(to, bytes),
      calibrate: (to, samples) => mesh.calibrate(to, samples),
      stats: (peer) => mesh.stats(peer),
      close: (reason) => mesh.close(reason),
    };
  }
}

const planner = {
  decide: async (asked: PlanQuestion) => decide(asked),
  tell: async (asked: PlanQuestion, plan: PlanResult) => tell(asked, plan),
};

function cardOf(peer: PeerId): DeviceCard {
  return {
    peer,
    name: peer.slice(0, 1),
    browser: 'Node',
    platform: 'Linux',
    form: 'computer',
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
  };
}
