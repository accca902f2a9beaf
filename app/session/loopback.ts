import type { Clock } from '../../core/mesh/clock.ts';
import type { Dial, Dialling } from '../../core/mesh/dial.ts';
import { Link } from '../../core/mesh/link.ts';
import { median } from '../../core/mesh/way-fit.ts';

/** Little more than a header, like what the last layers of a classifier send: it shows what any message costs. */
const SMALL = { bytes: 1024, count: 24, forMs: 1000 } as const;
/**
 * As large as the maps of vision models, and twice what a channel takes to find its pace. 2 MiB in all: 0.2 s at the
 * 10 MB/s of a small computer.
 */
const LARGE = { bytes: 512 * 1024, count: 4 } as const;
/** Where no connection comes about by then, as without RTC, it is not worth waiting for. */
const LIMIT_MS = 5000;

/** Computing that a message costs a device at one end of a data channel, in ms. */
export interface Packing {
  readonly msPerMessage: number;
  readonly msPerByte: number;
}

/**
 * What messages cost this device: half of what they take, one after another, from one end to the other when both are
 * in this page, so that the same processor does all the work. What does not arrive in time costs at least as much as
 * has passed. Undefined when no such connection comes about. Where {@link packs} is false, the processor does part of
 * it at once, and nobody need know.
 */
export async function measurePacking(dial: Dial, clock: Clock): Promise<Packing | undefined> {
  const loop = new Loop(dial, clock);
  try {
    await Promise.race([loop.measure(), loop.tooLate()]);
    return loop.found;
  } catch {
    // A measurement that fails costs only itself: the planner does without.
    return undefined;
  } finally {
    loop.close();
  }
}

/**
 * True where sending takes the time of computing. Beside the threads that compute, a browser packs and encrypts on
 * others; with a core to spare for them, as phones and laptops have it, both go on at once.
 */
export function packs(cores: number, threads: number): boolean {
  return cores <= threads + 1;
}

/** Two links of one page, joined to each other. */
class Loop {
  readonly #clock: Clock;
  readonly #ends: readonly [Link, Link];
  readonly #calls: readonly [Dialling, Dialling];
  /** What each message took so far. */
  readonly #times = { small: [] as number[], large: [] as number[] };
  /** When the one on its way began. */
  #begunAt: number | undefined;
  #timer: number | undefined;
  #arrived: () => void = () => undefined;
  #ready: () => void = () => undefined;
  #failed: (reason: Error) => void = () => undefined;

  constructor(dial: Dial, clock: Clock) {
    this.#clock = clock;
    const end = (): Link =>
      new Link(clock, {
        up: () => this.#up(),
        control: () => undefined,
        binary: () => this.#arrived(),
        changed: () => undefined,
        wireLost: () => undefined,
        broken: () => undefined,
        closed: (reason) => this.#failed(new Error(reason)),
      });
    this.#ends = [end(), end()];
    const call = (mine: 0 | 1, theirs: 0 | 1): Dialling =>
      dial(
        { initiator: mine === 0, iceServers: [] },
        {
          // Later, as through a server: an answer within the call would come too early.
          signal: (text) => queueMicrotask(() => this.#calls[theirs].signal(text)),
          connected: (wire) => this.#ends[mine].addWire(wire),
          failed: (reason) => this.#failed(new Error(reason)),
        },
      );
    this.#calls = [call(0, 1), call(1, 0)];
  }

  async measure(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#ready = resolve;
      this.#failed = reject;
      this.#up();
    });
    const { small, large } = this.#times;
    const until = this.#clock.now() + SMALL.forMs;
    do small.push(await this.#carry(SMALL.bytes));
    while (small.length < SMALL.count && this.#clock.now() < until);
    while (large.length < LARGE.count) large.push(await this.#carry(LARGE.bytes));
  }

  tooLate(): Promise<void> {
    return new Promise((resolve) => {
      this.#timer = this.#clock.setTimeout(resolve, LIMIT_MS);
    });
  }

  /** What is known by now. */
  get found(): Packing | undefined {
    if (this.#begunAt === undefined) return undefined;
    const passed = this.#clock.now() - this.#begunAt;
    const [small, large] = [this.#times.small, this.#times.large].map((times) => typical(times, passed));
    const msPerMessage = (small ?? 0) / 2;
    const more = Math.max(0, (large ?? 0) - (small ?? 0));
    return { msPerMessage, msPerByte: more / (LARGE.bytes - SMALL.bytes) / 2 };
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    for (const link of this.#ends) link.close('measured');
    for (const call of this.#calls) call.abandon();
  }

  #up(): void {
    if (this.#ends?.every((link) => link.isUp)) this.#ready();
  }

  /** Milliseconds for one message of so many bytes to be whole at the other end. */
  async #carry(bytes: number): Promise<number> {
    const [from] = this.#ends;
    const startedAt = this.#clock.now();
    this.#begunAt = startedAt;
    await new Promise<void>((resolve, reject) => {
      this.#arrived = resolve;
      this.#failed = reject;
      from.send('activation', [new Uint8Array(bytes)]).catch(reject);
    });
    return this.#clock.now() - startedAt;
  }
}

/** Whether `a` found sending cheaper than `b` did: what else a browser does can only add to the cost. */
export function isCheaper(a: Packing, b: Packing): boolean {
  const ofLarge = ({ msPerMessage, msPerByte }: Packing): number => msPerMessage + msPerByte * LARGE.bytes;
  return ofLarge(a) < ofLarge(b);
}

/** Of messages of one size: the first finds the way, so it counts only by itself; without any, what has `passed`. */
function typical([first, ...others]: readonly number[], passed: number): number {
  return others.length > 0 ? median(others) : (first ?? passed);
}
