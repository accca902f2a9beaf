import { createHash } from 'node:crypto';
import type { PeerId, Sha256 } from '../../core/ids.ts';
import { MemoryDialler } from '../../core/mesh/memory-dial.ts';
import { type MemoryRendezvous, MemoryRoom } from '../../core/mesh/memory-rendezvous.ts';
import { Mesh } from '../../core/mesh/mesh.ts';
import type { Network } from '../../core/mesh/network.ts';
import { Leader } from '../../core/runtime/leader.ts';
import { Member } from '../../core/runtime/member.ts';
import { takeoverOf } from '../../core/runtime/take-over.ts';
import type { Term } from '../../core/runtime/term.ts';
import { initialState, reduce } from '../../core/session/reduce.ts';
import type { SessionState } from '../../core/session/state.ts';
import { MemoryPieceStore } from '../../core/weights/memory-piece-store.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import { VirtualClock } from '../../core/weights/virtual-clock.ts';
import { counted } from './counted.ts';
import { Faulty, gatedDial } from './gated-wire.ts';
import { earlierTimes, planner } from './once.ts';
import { PageClock } from './page-clock.ts';
import type { Step } from './step.ts';
import { stillness } from './stillness.ts';
import { cardOf } from './toy-card.ts';
import { ToyExecutor } from './toy-executor.ts';

const digest = async (bytes: Uint8Array): Promise<Sha256> =>
  createHash('sha256').update(bytes).digest('hex') as Sha256;

/** One device's page in a {@link World}. */
export interface Device {
  readonly peer: PeerId;
  readonly member: Member;
  readonly network: Network;
  readonly clock: PageClock;
  readonly gate: Faulty;
  readonly shelf: Shelf;
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
  /** Messages that devices have sent since this was last emptied; `onStep` is called for each. */
  steps: Step[] = [];
  onStep: (step: Step) => void = () => undefined;
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.dialler = new MemoryDialler(this.clock, { delayMs: 1, mbitPerSec: 400, random });
    this.room = new MemoryRoom(this.clock, { delayMs: 2 });
  }

  /** Those that were neither killed nor closed. */
  get living(): readonly Device[] {
    return this.devices.filter(({ alive }) => alive);
  }

  /** The server's word on who leads. */
  get #serverLeader(): PeerId | undefined {
    return [...this.terms].sort(([a], [b]) => b - a)[0]?.[1];
  }

  join(peer: PeerId): Device {
    const clock = new PageClock(this.clock);
    const gate = new Faulty(clock);
    const rendezvous = this.room.join(peer);
    const mesh = new Mesh({
      me: peer,
      rendezvous,
      dial: gatedDial(this.dialler.dial, gate),
      clock,
      random32: () => Math.floor(this.#random() * 2 ** 32),
      report: () => undefined,
    });
    const network = counted(mesh, this);
    let state = initialState(peer);
    const emit = (event: Parameters<typeof reduce>[1]): void => {
      state = reduce(state, event);
    };
    const shelf = new Shelf(new MemoryPieceStore(), digest);
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
      shelf,
      origins: () => {
        throw new Error('no origin');
      },
      times: earlierTimes,
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
      shelf,
      rendezvous,
      executors,
      get leader() {
        return leader;
      },
      state: () => state,
      alive: true,
    };
    const others = this.living.length;
    this.devices.push(device);
    member.entered(this.#serverLeader ?? peer, others);
    return device;
  }

  /** Lets time pass until `found`. @throws Error that says for what it waited. */
  async until(what: string, found: () => unknown, ms = 60_000): Promise<void> {
    const end = this.clock.now() + ms;
    while (!found()) {
      if (this.clock.now() >= end) throw new Error(`waited ${ms / 1000} s for ${what}`);
      await this.clock.pass(20);
    }
  }

  close(): void {
    for (const { leader, member } of this.devices) {
      leader?.close();
      member.close('the schedule ended');
    }
  }
}
