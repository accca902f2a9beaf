import type { Clock } from '../../core/mesh/clock.ts';
import type { Dial, Dialling } from '../../core/mesh/dial.ts';
import { Link } from '../../core/mesh/link.ts';
import { median } from '../../core/mesh/way-fit.ts';

/** As large as the maps of vision models, and twice what a channel takes to find its pace. */
const MESSAGE_BYTES = 512 * 1024;
/** The first goes uncounted; then a median. 2 MiB in all: 0.2 s at the 10 MB/s of a small computer. */
const MESSAGES = 4;
/** Where no connection comes about by then, as without RTC, it is not worth waiting for. */
const LIMIT_MS = 5000;

/**
 * What a byte costs this device at one end of a data channel, in ms: half of what it takes from one end to the other
 * when both are in this page, so that the same processor does all the work. A device on which not one message arrives
 * in time is at least as slow as that. Undefined when no such connection comes about. Where {@link packs} is false, the processor does part of it at once, and nobody need know.
 */
export async function loopbackMsPerByte(dial: Dial, clock: Clock): Promise<number | undefined> {
  const loop = new Loop(dial, clock);
  try {
    return await Promise.race([loop.measure(), loop.tooLate()]);
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

/** At one end, of what a message takes from end to end. */
function perByte(ms: number): number {
  return ms / MESSAGE_BYTES / 2;
}

/** Two links of one page, joined to each other. */
class Loop {
  readonly #clock: Clock;
  readonly #ends: readonly [Link, Link];
  readonly #calls: readonly [Dialling, Dialling];
  /** What each message took so far; and when the one on its way began. */
  readonly #times: number[] = [];
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

  async measure(): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#ready = resolve;
      this.#failed = reject;
      this.#up();
    });
    while (this.#times.length < MESSAGES) this.#times.push(await this.#carry());
    return perByte(median(this.#times.slice(1)));
  }

  /** What is known when time is up. */
  tooLate(): Promise<number | undefined> {
    return new Promise((resolve) => {
      this.#timer = this.#clock.setTimeout(() => resolve(this.#soFar()), LIMIT_MS);
    });
  }

  #soFar(): number | undefined {
    const [first, ...others] = this.#times;
    if (first !== undefined) return perByte(others.length > 0 ? median(others) : first);
    return this.#begunAt === undefined ? undefined : perByte(this.#clock.now() - this.#begunAt);
  }

  close(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    for (const link of this.#ends) link.close('measured');
    for (const call of this.#calls) call.abandon();
  }

  #up(): void {
    if (this.#ends?.every((link) => link.isUp)) this.#ready();
  }

  /** Milliseconds for one message to be whole at the other end. */
  async #carry(): Promise<number> {
    const [from] = this.#ends;
    const startedAt = this.#clock.now();
    this.#begunAt = startedAt;
    await new Promise<void>((resolve, reject) => {
      this.#arrived = resolve;
      this.#failed = reject;
      from.send('activation', [new Uint8Array(MESSAGE_BYTES)]).catch(reject);
    });
    return this.#clock.now() - startedAt;
  }
}
