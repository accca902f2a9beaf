import type { createClient } from '@redis/client';
import type { RoomId } from '../../core/ids.ts';
import {
  type Change,
  type Changed,
  DEAD_MS,
  type Exchange,
  type ExchangeListener,
  KEEP_MS,
  type OpenExchange,
  type Post,
  type Stored,
} from './exchange.ts';

/** Of keys and channels. Another number when what servers say to each other changes: old and new ones then do not meet. */
const PREFIX = 'potluck:1:';
const TAG_LENGTH = 16;

/** Longer than any pause of a Redis in health. */
const CONNECT_MS = 5000;

/** KEYS: the room. ARGV: tag before or "", tag and text after or "", ms to keep it; channel and bytes of each post. */
const CHANGE = `
if redis.call('GETRANGE', KEYS[1], 0, ${TAG_LENGTH - 1}) ~= ARGV[1] then
  return {0, redis.call('GET', KEYS[1]) or ''}
end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
local reply = {1}
for i = 4, #ARGV, 2 do
  if redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) == 0 then reply[#reply + 1] = ARGV[i] end
end
return reply`;

const roomKey = (room: RoomId): string => `${PREFIX}room:${room}`;
const aliveKey = (name: string): string => `${PREFIX}alive:${name}`;
const channel = (name: string): string => `${PREFIX}to:${name}`;

type Client = ReturnType<typeof createClient>;

/**
 * Connects to a Redis (https://redis.io), 6 or later, that servers share. `connected` is told the client while there
 * is one: rate limits count there as well.
 */
export async function redisExchanges(
  url: string,
  connected: (client: Client | undefined) => void,
): Promise<OpenExchange> {
  // Only who shares rooms needs the package.
  const { createClient: create } = await import('@redis/client');
  return async (name, listener) => {
    const make = (): Client =>
      create({
        url,
        disableOfflineQueue: true,
        // A lost connection is not mended: the exchange ends, and another one with another name follows.
        socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
      });
    const exchange = new RedisExchange(name, make(), make(), listener, connected);
    await exchange.open();
    return exchange;
  };
}

class RedisExchange implements Exchange {
  readonly name: string;
  readonly #commands: Client;
  /** A connection that listens can say nothing else. */
  readonly #ears: Client;
  readonly #listener: ExchangeListener;
  readonly #connected: (client: Client | undefined) => void;
  #script = '';
  #pending = 0;
  /** Others can see that this process lives. */
  #isKnown = false;
  /** When our own beat was last heard. */
  #heardAt = performance.now();
  /** Says goodbye, and hears nothing any more. */
  #isClosing = false;
  #isOver = false;

  constructor(
    name: string,
    commands: Client,
    ears: Client,
    listener: ExchangeListener,
    connected: (client: Client | undefined) => void,
  ) {
    this.name = name;
    this.#commands = commands;
    this.#ears = ears;
    this.#listener = listener;
    this.#connected = connected;
  }

  async open(): Promise<void> {
    // Without a listener for "error" Node would end the process.
    for (const client of [this.#commands, this.#ears]) {
      client.on('error', () => this.#fail());
      client.on('end', () => this.#fail());
    }
    // A socket that opens and then says nothing has no time limit of its own.
    const late = setTimeout(() => this.#fail(), CONNECT_MS);
    try {
      await Promise.all([this.#commands.connect(), this.#ears.connect()]);
      this.#script = String(await this.#commands.sendCommand(['SCRIPT', 'LOAD', CHANGE]));
      await this.#ears.subscribe(channel(this.name), (bytes) => this.#hear(bytes), true);
      await this.beat();
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      clearTimeout(late);
    }
    this.#heardAt = performance.now();
    this.#connected(this.#commands);
  }

  get pendingBytes(): number {
    return this.#pending;
  }

  async load(room: RoomId): Promise<Stored | undefined> {
    return storedOf(await this.#say(['GET', roomKey(room)]));
  }

  async change(room: RoomId, { before = '', after, posts }: Change): Promise<Changed> {
    const value = after ? after.tag + after.text : '';
    const sends = posts.flatMap(({ to, bytes }) => [channel(to), bytes]);
    const args = [this.#script, '1', roomKey(room), before, value, String(KEEP_MS), ...sends];
    const [done, ...reply] = (await this.#say(['EVALSHA', ...args])) as [number, ...string[]];
    if (!done) return { done: false, now: storedOf(reply[0]) };
    return { done: true, absent: reply.map((to) => to.slice(channel('').length)) };
  }

  async keep(rooms: readonly RoomId[]): Promise<readonly RoomId[]> {
    const kept = await Promise.all(
      rooms.map((room) => this.#say(['PEXPIRE', roomKey(room), String(KEEP_MS)])),
    );
    return rooms.filter((_, i) => kept[i] === 0);
  }

  async post({ to, bytes }: Post): Promise<boolean> {
    this.#pending += bytes.length;
    try {
      return (await this.#say(['PUBLISH', channel(to), bytes])) !== 0;
    } finally {
      this.#pending -= bytes.length;
    }
  }

  /** Says it to itself, too: so both connections are known to work. */
  async beat(): Promise<void> {
    if (performance.now() - this.#heardAt > DEAD_MS) this.#fail();
    // Once it has run out, others may have told our members' rooms that we are gone.
    const onlyIf = this.#isKnown ? ['XX'] : [];
    const kept = await this.#say(['SET', aliveKey(this.name), '', 'PX', String(DEAD_MS), ...onlyIf]);
    if (kept === null) this.#fail();
    this.#isKnown = true;
    await this.#say(['PUBLISH', channel(this.name), '']);
  }

  async missing(names: readonly string[]): Promise<readonly string[]> {
    if (names.length === 0) return [];
    const alive = (await this.#say(['MGET', ...names.map(aliveKey)])) as (string | null)[];
    return names.filter((_, i) => alive[i] === null);
  }

  async close(): Promise<void> {
    if (this.#isOver || this.#isClosing) return;
    this.#isClosing = true;
    const gone = this.#say(['DEL', aliveKey(this.name)]);
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, CONNECT_MS).unref())]).catch(
      () => undefined,
    );
    this.#end();
  }

  /** An error that is an answer, such as being out of memory, ends the exchange as well: nothing is known then. */
  async #say(command: (string | Buffer)[]): Promise<unknown> {
    try {
      return await this.#commands.sendCommand(command);
    } catch (error) {
      this.#fail();
      throw error;
    }
  }

  #hear(bytes: Buffer): void {
    if (this.#isOver || this.#isClosing) return;
    if (bytes.length === 0) this.#heardAt = performance.now();
    else this.#listener.posted(bytes);
  }

  #fail(): void {
    if (!this.#end()) return;
    this.#listener.lost();
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#connected(undefined);
    for (const client of [this.#commands, this.#ears]) if (client.isOpen) client.destroy();
    return true;
  }
}

function storedOf(value: unknown): Stored | undefined {
  if (typeof value !== 'string' || value.length < TAG_LENGTH) return undefined;
  return { tag: value.slice(0, TAG_LENGTH), text: value.slice(TAG_LENGTH) };
}
